#include "vault/protect.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

/* Whether the list has a line below its heading. */
static bool swap_is_active(const char *path)
{
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return false; /* a kernel without swap has no such file */
    char line[512];
    int lines = 0;
    while (fgets(line, sizeof line, file) != NULL)
        lines++;
    (void)fclose(file);
    return lines > 1;
}

enum result vault_protect_swap(const char *swaps, struct refusal *ret_refusal)
{
    const char *said = getenv("DUKOU_SWAP_ENCRYPTED");
    if ((said != NULL && strcmp(said, "yes") == 0) || !swap_is_active(swaps != NULL ? swaps : "/proc/swaps"))
        return RESULT_OK;
    return refuse(
        ret_refusal,
        (struct refusal){.result = RESULT_FORBIDDEN,
                         .field = "/proc/swaps",
                         .zh = "本机启用了交换空间，解密后的数据和密钥可能被写入磁盘",
                         .en = "swap is active on this machine: decrypted data and keys could reach its disk",
                         .remedy_zh = "请关闭交换空间（swapoff -a）；若交换空间已加密，请设置 "
                                      "DUKOU_SWAP_ENCRYPTED=yes 后重新启动",
                         .remedy_en =
                             "turn swap off (swapoff -a), or, if the swap is encrypted, start again with "
                             "DUKOU_SWAP_ENCRYPTED=yes"});
}

enum result vault_protect_core(void)
{
    const struct rlimit none = {0, 0};
    return setrlimit(RLIMIT_CORE, &none) == 0 ? RESULT_OK : RESULT_IO;
}

enum result vault_protect_process(void)
{
    return prctl(PR_SET_DUMPABLE, 0) == 0 ? vault_protect_core() : RESULT_IO;
}
