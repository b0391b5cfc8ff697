#include "store/migration.h"

#include "base/digest.h"

#include <string.h>

enum result migration_refuse(const struct store_opening *opening, int number, const char *zh, const char *en,
                             const char *remedy_zh, const char *remedy_en)
{
    return refuse(opening->refusal, (struct refusal){
                                        .result = RESULT_CONFLICT,
                                        .field = "migration",
                                        .zh = arena_printf(opening->arena, "迁移 %04d：%s", number, zh),
                                        .en = arena_printf(opening->arena, "migration %04d: %s", number, en),
                                        .remedy_zh = remedy_zh,
                                        .remedy_en = remedy_en,
                                    });
}

void migration_digest(const struct sql_migration *migration, char *ret_text)
{
    struct digest digest = digest_sha256(migration->text, strlen(migration->text));
    hex_print(digest.bytes, DIGEST_SIZE, ret_text);
}

enum result migration_check(const struct store_opening *opening, int number, const char *sha256,
                            bool *applied)
{
    const struct store_schema *schema = opening->schema;
    for (size_t i = 0; i < schema->migration_count; i++) {
        if (schema->migrations[i].number != number)
            continue;
        char text[DIGEST_TEXT_SIZE];
        migration_digest(&schema->migrations[i], text);
        applied[i] = true;
        if (strcmp(text, sha256) == 0)
            return RESULT_OK;
        return migration_refuse(opening, number, "应用之后文本被改动",
                                "its text changed after it was applied", "请恢复原文，另加一个新迁移",
                                "Restore its text and add a new migration instead.");
    }
    return migration_refuse(opening, number, "本程序不认识它，数据库比程序新",
                            "this program does not know it, the database is newer than the program",
                            "请使用更新的程序，或恢复升级前的备份",
                            "Use the newer program, or restore a backup from before the upgrade.");
}
