#include "crash/disk.h"

#include "base/random.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

int __real_fsync(int fd);

enum { PAGE = 4096, ROOT = 0 };

struct page {
    int references;
    uint8_t bytes[PAGE];
};

struct entry {
    char name[DISK_NAME_BYTES];
    int node;
};

/* A file or folder, shared by the trees that see it alike. */
struct node {
    int references;
    bool is_folder;
    size_t size;
    size_t page_count;
    struct page **pages;
    size_t entry_count;
    struct entry *entries;
};

/* Nodes by number; a number is never given twice. */
struct tree {
    struct node **nodes;
    size_t count;
    size_t room;
};

enum op_kind { OP_WRITE, OP_TRUNCATE, OP_LINK, OP_SYNC, OP_SYNC_FAILED };

struct link {
    int folder;
    char name[DISK_NAME_BYTES];
    int node; /* −1: the name is taken away */
};

struct disk_op {
    int references;
    enum op_kind kind;
    int node;
    bool is_folder; /* of a node that is new */
    size_t offset;
    size_t size;
    uint8_t *bytes;
    struct link links[2];
    int link_count;
};

struct disk {
    struct tree seen;
    struct tree kept;
    struct disk_op **pending; /* done and not yet kept, in their order */
    size_t pending_count;
    size_t pending_room;
};

static struct disk *used;
static struct disk_log *recording;
static pthread_mutex_t reading = PTHREAD_MUTEX_INITIALIZER;
static struct {
    enum disk_fault fault;
    size_t at;
    size_t length;
    size_t steps;
    size_t syncs;
    bool came;
    bool swallow;
} trouble;

static void *must(void *memory)
{
    if (memory == NULL)
        abort();
    return memory;
}

/* ---- nodes and trees ---- */

static void page_drop(struct page *page)
{
    if (page != NULL && --page->references == 0)
        free(page);
}

static void node_drop(struct node *node)
{
    if (node == NULL || --node->references > 0)
        return;
    for (size_t i = 0; i < node->page_count; i++)
        page_drop(node->pages[i]);
    free(node->pages);
    free(node->entries);
    free(node);
}

static struct node *node_copy(const struct node *node)
{
    struct node *copy = must(malloc(sizeof *copy));
    *copy = *node;
    copy->references = 1;
    copy->pages = must(malloc((node->page_count + 1) * sizeof(void *)));
    for (size_t i = 0; i < node->page_count; i++)
        if ((copy->pages[i] = node->pages[i]) != NULL)
            copy->pages[i]->references++;
    copy->entries = must(malloc((node->entry_count + 1) * sizeof node->entries[0]));
    if (node->entry_count > 0)
        memcpy(copy->entries, node->entries, node->entry_count * sizeof node->entries[0]);
    return copy;
}

static struct tree tree_copy(const struct tree *tree)
{
    struct tree copy = {must(malloc(tree->room * sizeof(void *))), tree->count, tree->room};
    for (size_t i = 0; i < tree->count; i++)
        if ((copy.nodes[i] = tree->nodes[i]) != NULL)
            copy.nodes[i]->references++;
    return copy;
}

static void tree_free(struct tree *tree)
{
    for (size_t i = 0; i < tree->count; i++)
        node_drop(tree->nodes[i]);
    free(tree->nodes);
}

/* The node of this number, made when it is not there yet. */
static void tree_reach(struct tree *tree, int number, bool is_folder)
{
    size_t index = (size_t)number;
    while (tree->count <= index) {
        if (tree->count == tree->room) {
            tree->room = 2 * tree->room + 64;
            tree->nodes = must(realloc(tree->nodes, tree->room * sizeof(void *)));
        }
        tree->nodes[tree->count++] = NULL;
    }
    if (tree->nodes[index] == NULL) {
        tree->nodes[index] = must(calloc(1, sizeof(struct node)));
        tree->nodes[index]->references = 1;
        tree->nodes[index]->is_folder = is_folder;
    }
}

/* A node that only this tree sees. */
static struct node *tree_own(struct tree *tree, int number)
{
    struct node **slot = &tree->nodes[number];
    if ((*slot)->references > 1) {
        struct node *copy = node_copy(*slot);
        node_drop(*slot);
        *slot = copy;
    }
    return *slot;
}

static struct page *page_own(struct node *node, size_t index)
{
    struct page *page = node->pages[index];
    if (page != NULL && page->references == 1)
        return page;
    struct page *copy = must(page == NULL ? calloc(1, sizeof *copy) : malloc(sizeof *copy));
    if (page != NULL)
        memcpy(copy->bytes, page->bytes, PAGE);
    copy->references = 1;
    page_drop(page);
    node->pages[index] = copy;
    return copy;
}

static void node_resize(struct node *node, size_t size)
{
    size_t pages = (size + PAGE - 1) / PAGE;
    for (size_t i = pages; i < node->page_count; i++)
        page_drop(node->pages[i]);
    if (pages != node->page_count) {
        node->pages = must(realloc(node->pages, (pages + 1) * sizeof(void *)));
        for (size_t i = node->page_count; i < pages; i++)
            node->pages[i] = NULL;
        node->page_count = pages;
    }
    if (size < node->size && size % PAGE != 0 && node->pages[pages - 1] != NULL)
        memset(page_own(node, pages - 1)->bytes + size % PAGE, 0, PAGE - size % PAGE);
    node->size = size;
}

static void node_write(struct node *node, const uint8_t *bytes, size_t size, size_t offset)
{
    if (size > 0 && offset + size > node->size)
        node_resize(node, offset + size);
    while (size > 0) {
        size_t within = offset % PAGE;
        size_t part = size < PAGE - within ? size : PAGE - within;
        memcpy(page_own(node, offset / PAGE)->bytes + within, bytes, part);
        bytes += part;
        offset += part;
        size -= part;
    }
}

static void node_link(struct node *folder, const char *name, int number)
{
    for (size_t i = 0; i < folder->entry_count; i++)
        if (strcmp(folder->entries[i].name, name) == 0) {
            if (number >= 0)
                folder->entries[i].node = number;
            else
                folder->entries[i] = folder->entries[--folder->entry_count];
            return;
        }
    if (number < 0)
        return;
    folder->entries = must(realloc(folder->entries, (folder->entry_count + 1) * sizeof folder->entries[0]));
    struct entry *entry = &folder->entries[folder->entry_count++];
    memcpy(entry->name, name, strlen(name) + 1);
    entry->node = number;
}

/* ---- changes ---- */

static void op_drop(struct disk_op *op)
{
    if (--op->references > 0)
        return;
    free(op->bytes);
    free(op);
}

static void apply_names(struct tree *tree, const struct disk_op *op)
{
    for (int i = 0; i < op->link_count; i++) {
        if (op->links[i].node >= 0)
            tree_reach(tree, op->links[i].node, op->is_folder);
        tree_reach(tree, op->links[i].folder, true);
        node_link(tree_own(tree, op->links[i].folder), op->links[i].name, op->links[i].node);
    }
}

static void apply(struct tree *tree, const struct disk_op *op)
{
    if (op->kind == OP_LINK) {
        apply_names(tree, op);
        return;
    }
    tree_reach(tree, op->node, op->is_folder);
    if (op->kind == OP_TRUNCATE)
        node_resize(tree_own(tree, op->node), op->size);
    else if (op->kind == OP_WRITE)
        node_write(tree_own(tree, op->node), op->bytes, op->size, op->offset);
}

/* Of a write, the sectors that are picked. */
static void apply_torn(struct tree *tree, const struct disk_op *op, const bool *picked)
{
    tree_reach(tree, op->node, op->is_folder);
    for (size_t at = 0, sector = 0; at < op->size; sector++) {
        size_t part = DISK_SECTOR - (op->offset + at) % DISK_SECTOR;
        if (part > op->size - at)
            part = op->size - at;
        if (picked[sector])
            node_write(tree_own(tree, op->node), op->bytes + at, part, op->offset + at);
        at += part;
    }
}

static bool concerns(const struct disk_op *op, int node)
{
    if (op->kind != OP_LINK)
        return op->node == node;
    for (int i = 0; i < op->link_count; i++)
        if (op->links[i].folder == node)
            return true;
    return false;
}

/* Whether the later of two changes of names decides about a name of the earlier. */
static bool decides(const struct disk_op *later, const struct disk_op *earlier)
{
    if (earlier->kind != OP_LINK || later->kind != OP_LINK)
        return false;
    for (int i = 0; i < later->link_count; i++)
        for (int j = 0; j < earlier->link_count; j++)
            if (later->links[i].folder == earlier->links[j].folder &&
                strcmp(later->links[i].name, earlier->links[j].name) == 0)
                return true;
    return false;
}

static void pending_remove(struct disk *disk, size_t index)
{
    op_drop(disk->pending[index]);
    disk->pending_count--;
    memmove(&disk->pending[index], &disk->pending[index + 1], (disk->pending_count - index) * sizeof(void *));
}

/* What concerns the node is kept; an earlier change of a name that is decided by one that is kept goes with
 * it. */
static void keep(struct disk *disk, int node)
{
    for (size_t i = disk->pending_count; i-- > 0;) {
        if (!concerns(disk->pending[i], node))
            continue;
        for (size_t j = i; j-- > 0;)
            if (!concerns(disk->pending[j], node) && decides(disk->pending[i], disk->pending[j])) {
                apply(&disk->kept, disk->pending[j]);
                pending_remove(disk, j);
                i--;
            }
    }
    size_t left = 0;
    for (size_t i = 0; i < disk->pending_count; i++) {
        struct disk_op *op = disk->pending[i];
        if (concerns(op, node)) {
            apply(&disk->kept, op);
            op_drop(op);
        } else {
            disk->pending[left++] = op;
        }
    }
    disk->pending_count = left;
}

/* Bytes that a failed fsync has lost; names stay, a journal would stop the whole file system. */
static void lose(struct disk *disk, int node)
{
    for (size_t i = disk->pending_count; i-- > 0;)
        if (disk->pending[i]->kind != OP_LINK && disk->pending[i]->node == node)
            pending_remove(disk, i);
}

void disk_redo(struct disk *disk, struct disk_op *op)
{
    if (op->kind == OP_SYNC) {
        keep(disk, op->node);
        return;
    }
    if (op->kind == OP_SYNC_FAILED) {
        lose(disk, op->node);
        return;
    }
    apply(&disk->seen, op);
    if (disk->pending_count == disk->pending_room) {
        disk->pending_room = 2 * disk->pending_room + 64;
        disk->pending = must(realloc(disk->pending, disk->pending_room * sizeof(void *)));
    }
    op->references++;
    disk->pending[disk->pending_count++] = op;
}

static void change(struct disk_op *op)
{
    op->references = 1;
    if (recording != NULL) {
        if (recording->count == recording->room) {
            recording->room = 2 * recording->room + 256;
            recording->ops = must(realloc(recording->ops, recording->room * sizeof(void *)));
        }
        op->references++;
        recording->ops[recording->count++] = op;
    }
    disk_redo(used, op);
    op_drop(op);
}

static struct disk_op *op_new(enum op_kind kind, int node)
{
    struct disk_op *op = must(calloc(1, sizeof *op));
    op->kind = kind;
    op->node = node;
    return op;
}

void disk_record(struct disk_log *log)
{
    recording = log;
}

void disk_log_free(struct disk_log *log)
{
    for (size_t i = 0; i < log->count; i++)
        op_drop(log->ops[i]);
    free(log->ops);
    *log = (struct disk_log){0};
}

/* ---- disks ---- */

struct disk *disk_new(void)
{
    struct disk *disk = must(calloc(1, sizeof *disk));
    tree_reach(&disk->seen, ROOT, true);
    tree_reach(&disk->kept, ROOT, true);
    return disk;
}

struct disk *disk_copy(const struct disk *disk)
{
    struct disk *copy = must(malloc(sizeof *copy));
    *copy = *disk;
    copy->seen = tree_copy(&disk->seen);
    copy->kept = tree_copy(&disk->kept);
    copy->pending_room = disk->pending_count + 64;
    copy->pending = must(malloc(copy->pending_room * sizeof(void *)));
    for (size_t i = 0; i < disk->pending_count; i++) {
        copy->pending[i] = disk->pending[i];
        copy->pending[i]->references++;
    }
    return copy;
}

static void pending_clear(struct disk *disk)
{
    for (size_t i = 0; i < disk->pending_count; i++)
        op_drop(disk->pending[i]);
    disk->pending_count = 0;
}

void disk_free(struct disk *disk)
{
    if (disk == NULL)
        return;
    tree_free(&disk->seen);
    tree_free(&disk->kept);
    pending_clear(disk);
    free(disk->pending);
    free(disk);
}

void disk_use(struct disk *disk)
{
    used = disk;
    disk_calls_forget();
    disk_vfs_forget();
}

struct disk *disk_used(void)
{
    return used;
}

void disk_settle(struct disk *disk)
{
    pending_clear(disk);
    tree_free(&disk->kept);
    disk->kept = tree_copy(&disk->seen);
}

/* ---- the power cut ---- */

/* How likely it is, of 8, that a change not yet kept is there after the cut; of names and of bytes. */
struct chances {
    uint64_t names;
    uint64_t bytes;
    bool torn;
    size_t past; /* changes from here on are not there */
};

static struct chances pick_chances(struct random *random, size_t pending)
{
    switch (random_below(random, 8)) {
    case 0:
        return (struct chances){0, 0, false, pending};
    case 1:
        return (struct chances){8, 8, false, pending};
    case 2:
        return (struct chances){8, 0, false, pending};
    case 3:
        return (struct chances){0, 8, false, pending};
    case 4:
        return (struct chances){8, 8, true, random_below(random, pending + 1)};
    case 5:
        return (struct chances){7, 7, true, pending};
    default:
        return (struct chances){4, 4, random_below(random, 2) == 0, pending};
    }
}

/* A first part, a last part, or any of its sectors. */
static void tear(struct tree *tree, const struct disk_op *op, struct random *random)
{
    size_t sectors = op->size / DISK_SECTOR + 2;
    bool *torn = must(calloc(sectors, sizeof *torn));
    size_t edge = random_below(random, sectors);
    uint64_t how = random_below(random, 3);
    for (size_t i = 0; i < sectors; i++)
        torn[i] = how == 0 ? i < edge : how == 1 ? i >= edge : random_below(random, 2) == 0;
    apply_torn(tree, op, torn);
    free(torn);
}

void disk_cut(struct disk *disk, struct random *random)
{
    const struct chances chances = pick_chances(random, disk->pending_count);
    for (size_t i = 0; i < disk->pending_count && i < chances.past; i++) {
        const struct disk_op *op = disk->pending[i];
        uint64_t chance = op->kind == OP_LINK ? chances.names : chances.bytes;
        if (random_below(random, 8) >= chance)
            continue;
        if (op->kind == OP_WRITE && chances.torn && random_below(random, 2) == 0)
            tear(&disk->kept, op, random);
        else
            apply(&disk->kept, op);
    }
    pending_clear(disk);
    tree_free(&disk->seen);
    disk->seen = tree_copy(&disk->kept);
}

/* ---- faults ---- */

void disk_fail(enum disk_fault fault, size_t at, size_t length)
{
    bool swallow = trouble.swallow;
    memset(&trouble, 0, sizeof trouble);
    trouble.fault = fault;
    trouble.at = at;
    trouble.length = length;
    trouble.swallow = swallow;
}

bool disk_failed(void)
{
    return trouble.came;
}

size_t disk_steps(void)
{
    return trouble.steps;
}

size_t disk_syncs(void)
{
    return trouble.syncs;
}

void disk_swallow_syncs(bool swallow)
{
    trouble.swallow = swallow;
}

/* The kernel cannot sync an event counter and says so; libeatmydata says that it did. */
bool disk_syncs_are_swallowed(void)
{
    static int counter = -1;
    if (counter < 0 && (counter = eventfd(0, EFD_CLOEXEC)) < 0)
        abort();
    return trouble.swallow || __real_fsync(counter) == 0;
}

static int step(bool needs_room, bool *ret_short)
{
    size_t now = trouble.steps++;
    *ret_short = false;
    switch (trouble.fault) {
    case DISK_EIO:
        trouble.came = trouble.came || now == trouble.at;
        return now == trouble.at ? -EIO : 0;
    case DISK_FULL:
        if (now < trouble.at || now >= trouble.at + trouble.length || !needs_room)
            return 0;
        trouble.came = true;
        return -ENOSPC;
    case DISK_SHORT:
        *ret_short = now == trouble.at && needs_room;
        trouble.came = trouble.came || *ret_short;
        return 0;
    case DISK_NO_FAULT:
    case DISK_SYNC:
        return 0;
    }
    return 0;
}

/* ---- looking ---- */

static const struct node *seen(int number)
{
    assert(number >= 0 && (size_t)number < used->seen.count && used->seen.nodes[number] != NULL);
    return used->seen.nodes[number];
}

static int entry_find(int folder, const char *name, size_t size)
{
    const struct node *node = seen(folder);
    if (!node->is_folder)
        return -ENOTDIR;
    if (size == 1 && name[0] == '.')
        return folder;
    for (size_t i = 0; i < node->entry_count; i++)
        if (strncmp(node->entries[i].name, name, size) == 0 && node->entries[i].name[size] == '\0')
            return node->entries[i].node;
    return -ENOENT;
}

static const char *below_root(const char *path, int *folder)
{
    size_t root = strlen(DISK_ROOT);
    if (strncmp(path, DISK_ROOT, root) == 0 && (path[root] == '/' || path[root] == '\0')) {
        *folder = ROOT;
        return path + root;
    }
    return path;
}

int disk_find(const char *path, int folder)
{
    path = below_root(path, &folder);
    while (folder >= 0) {
        while (*path == '/')
            path++;
        size_t size = strcspn(path, "/");
        if (size == 0)
            return folder;
        folder = entry_find(folder, path, size);
        path += size;
    }
    return folder;
}

int disk_parent(const char *path, int folder, char name[DISK_NAME_BYTES])
{
    char before[1024] = "";
    name[0] = '\0';
    path = below_root(path, &folder);
    const char *slash = strrchr(path, '/');
    const char *last = slash != NULL ? slash + 1 : path;
    size_t size = (size_t)(last - path);
    assert(size < sizeof before && strlen(last) < DISK_NAME_BYTES && *last != '\0');
    memcpy(before, path, size);
    before[size] = '\0';
    memcpy(name, last, strlen(last) + 1);
    return disk_find(before, folder);
}

int disk_root(void)
{
    return ROOT;
}

bool disk_is_folder(int node)
{
    return seen(node)->is_folder;
}

size_t disk_size(int node)
{
    return seen(node)->size;
}

size_t disk_read(int number, void *bytes, size_t size, size_t offset)
{
    (void)pthread_mutex_lock(&reading);
    const struct node *node = seen(number);
    size_t done = 0;
    if (offset < node->size && size > node->size - offset)
        size = node->size - offset;
    while (offset + done < node->size && done < size) {
        size_t within = (offset + done) % PAGE;
        size_t part = size - done < PAGE - within ? size - done : PAGE - within;
        const struct page *page = node->pages[(offset + done) / PAGE];
        if (page != NULL)
            memcpy((uint8_t *)bytes + done, page->bytes + within, part);
        else
            memset((uint8_t *)bytes + done, 0, part);
        done += part;
    }
    (void)pthread_mutex_unlock(&reading);
    return done;
}

bool disk_entry(int folder, size_t index, char name[DISK_NAME_BYTES], int *ret_node)
{
    const struct node *node = seen(folder);
    if (index >= node->entry_count)
        return false;
    memcpy(name, node->entries[index].name, DISK_NAME_BYTES);
    *ret_node = node->entries[index].node;
    return true;
}

bool disk_holds(const struct disk *disk, const void *bytes, size_t size)
{
    for (size_t n = 0; n < disk->seen.count; n++) {
        const struct node *node = disk->seen.nodes[n];
        if (node == NULL || node->size < size)
            continue;
        uint8_t *all = must(malloc(node->page_count * PAGE + 1));
        for (size_t i = 0; i < node->page_count; i++) {
            if (node->pages[i] != NULL)
                memcpy(all + i * PAGE, node->pages[i]->bytes, PAGE);
            else
                memset(all + i * PAGE, 0, PAGE);
        }
        bool found = memmem(all, node->size, bytes, size) != NULL;
        free(all);
        if (found)
            return true;
    }
    return false;
}

/* ---- changing ---- */

int disk_make(const char *path, int folder, bool is_folder)
{
    char name[DISK_NAME_BYTES];
    bool part;
    int parent = disk_parent(path, folder, name);
    if (parent < 0)
        return parent;
    if (entry_find(parent, name, strlen(name)) >= 0)
        return -EEXIST;
    int error = step(true, &part);
    if (error != 0)
        return error;
    struct disk_op *op = op_new(OP_LINK, -1);
    int node = (int)used->seen.count;
    op->is_folder = is_folder;
    op->link_count = 1;
    op->links[0] = (struct link){.folder = parent, .node = node};
    memcpy(op->links[0].name, name, sizeof name);
    change(op);
    return node;
}

int disk_write(int node, const void *bytes, size_t size, size_t offset, size_t *ret_written)
{
    bool part;
    int error = step(true, &part);
    *ret_written = 0;
    if (error != 0)
        return error;
    if (part)
        size = size > 1 ? size / 2 : size;
    struct disk_op *op = op_new(OP_WRITE, node);
    op->offset = offset;
    op->size = size;
    op->bytes = must(malloc(size + 1));
    memcpy(op->bytes, bytes, size);
    change(op);
    *ret_written = size;
    return 0;
}

int disk_truncate(int node, size_t size)
{
    bool part;
    int error = step(size > seen(node)->size, &part);
    if (error != 0)
        return error;
    struct disk_op *op = op_new(OP_TRUNCATE, node);
    op->size = size;
    change(op);
    return 0;
}

int disk_unlink(const char *path, int folder, bool is_folder)
{
    char name[DISK_NAME_BYTES];
    bool part;
    int parent = disk_parent(path, folder, name);
    int node = parent < 0 ? parent : entry_find(parent, name, strlen(name));
    if (node < 0)
        return node;
    if (seen(node)->is_folder != is_folder)
        return is_folder ? -ENOTDIR : -EISDIR;
    if (is_folder && seen(node)->entry_count > 0)
        return -ENOTEMPTY;
    int error = step(false, &part);
    if (error != 0)
        return error;
    struct disk_op *op = op_new(OP_LINK, -1);
    op->link_count = 1;
    op->links[0] = (struct link){.folder = parent, .node = -1};
    memcpy(op->links[0].name, name, sizeof name);
    change(op);
    return 0;
}

int disk_rename(const char *from, int from_folder, const char *to, int to_folder)
{
    char old_name[DISK_NAME_BYTES];
    char new_name[DISK_NAME_BYTES];
    bool part;
    int old_parent = disk_parent(from, from_folder, old_name);
    int new_parent = disk_parent(to, to_folder, new_name);
    int node = old_parent < 0 ? old_parent : entry_find(old_parent, old_name, strlen(old_name));
    if (node < 0)
        return node;
    if (new_parent < 0)
        return new_parent;
    int error = step(true, &part);
    if (error != 0)
        return error;
    struct disk_op *op = op_new(OP_LINK, -1);
    op->is_folder = seen(node)->is_folder;
    op->link_count = 2;
    op->links[0] = (struct link){.folder = old_parent, .node = -1};
    op->links[1] = (struct link){.folder = new_parent, .node = node};
    memcpy(op->links[0].name, old_name, sizeof old_name);
    memcpy(op->links[1].name, new_name, sizeof new_name);
    change(op);
    return 0;
}

int disk_sync(int node)
{
    bool fails = trouble.fault == DISK_SYNC && trouble.syncs == trouble.at;
    trouble.syncs++;
    if (disk_syncs_are_swallowed())
        return 0;
    trouble.came = trouble.came || fails;
    change(op_new(fails ? OP_SYNC_FAILED : OP_SYNC, node));
    return fails ? -EIO : 0;
}

/* ---- words ---- */

static const char *path_of(const struct tree *tree, int number)
{
    static char path[4 * DISK_NAME_BYTES];
    size_t at = sizeof path - 1;
    path[at] = '\0';
    while (number != ROOT) {
        int parent = -1;
        const char *name = "?";
        for (size_t n = 0; n < tree->count && parent < 0; n++)
            for (size_t i = 0; tree->nodes[n] != NULL && i < tree->nodes[n]->entry_count; i++)
                if (tree->nodes[n]->entries[i].node == number) {
                    parent = (int)n;
                    name = tree->nodes[n]->entries[i].name;
                }
        size_t size = strlen(name);
        if (at < size + 1 || parent < 0)
            return at == sizeof path - 1 ? "(without a name)" : &path[at];
        at -= size;
        memcpy(&path[at], name, size);
        path[--at] = '/';
        number = parent;
    }
    return path[at] == '/' ? &path[at + 1] : "(root)";
}

const char *disk_op_text(const struct disk *disk, const struct disk_op *op)
{
    static const char *const kinds[] = {"write", "truncate", "name", "sync", "failed sync"};
    static char text[1024];
    if (op->kind != OP_LINK) {
        (void)snprintf(text, sizeof text, "%s %s %zu+%zu", kinds[op->kind], path_of(&disk->seen, op->node),
                       op->offset, op->size);
        return text;
    }
    const struct link *last = &op->links[op->link_count - 1];
    (void)snprintf(text, sizeof text, "%s %s/%s%s%s",
                   op->link_count == 2 ? "rename"
                   : last->node < 0    ? "unlink"
                                       : "make",
                   path_of(&disk->seen, last->folder), last->name, op->link_count == 2 ? " from " : "",
                   op->link_count == 2 ? op->links[0].name : "");
    return text;
}
