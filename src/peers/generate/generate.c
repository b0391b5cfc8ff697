#include "peers/generate/generate.h"

#include "base/limits.h"
#include "peers/generate/rows.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const kind_names[GENERATE_KINDS] = {"residents", "enterprises", "social_insurance"};

enum generate_kind generate_kind_by_name(const char *name)
{
    for (int kind = 0; kind < GENERATE_KINDS; kind++)
        if (name != NULL && strcmp(name, kind_names[kind]) == 0)
            return (enum generate_kind)kind;
    return GENERATE_KINDS;
}

const char *generate_kind_name(enum generate_kind kind)
{
    return kind_names[kind];
}

static enum result check(const struct generate_options *options, struct refusal *ret_refusal)
{
    const struct {
        const char *name;
        int64_t value;
        int64_t lowest;
    } counts[] = {{"rows", options->rows, 1},
                  {"residents", options->residents, 0},
                  {"enterprises", options->enterprises, 0}};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        if (counts[i].value < counts[i].lowest || counts[i].value > LIMIT_GENERATE_ROWS)
            return refuse(ret_refusal, (struct refusal){.result = RESULT_INVALID,
                                                        .field = counts[i].name,
                                                        .zh = "行数超出范围。",
                                                        .en = "The number of rows is out of range.",
                                                        .remedy_zh = "请取 1 至 20000000 之间的数。",
                                                        .remedy_en = "Ask for 1 to 20000000."});
    return RESULT_OK;
}

static enum result write_residents(const struct generate_options *options, struct out *out)
{
    out_text(out, residents_header);
    struct residents *residents = residents_new(options->seed);
    enum result result = RESULT_OK;
    for (int64_t row = 0; row < options->rows && result == RESULT_OK; row++) {
        struct resident resident = residents_next(residents);
        resident_row(options->seed, row, &resident, out);
        result = out_row_end(out);
    }
    residents_free(residents);
    return result;
}

static enum result write_enterprises(const struct generate_options *options, struct out *out)
{
    out_text(out, enterprises_header);
    for (int64_t row = 0; row < options->rows; row++) {
        enterprise_row(options->seed, row, out);
        TRY(out_row_end(out));
    }
    return RESULT_OK;
}

static enum result write_insurance(const struct generate_options *options, struct out *out)
{
    int64_t residents = options->residents > 0 ? options->residents : options->rows;
    int64_t enterprises = options->enterprises > 0 ? options->enterprises : options->rows / 20 + 1;
    out_text(out, insurance_header);
    struct insurance *insurance = insurance_new(options->seed, residents, enterprises);
    enum result result = RESULT_OK;
    for (int64_t row = 0; row < options->rows && result == RESULT_OK; row++) {
        insurance_row(insurance, row, out);
        result = out_row_end(out);
    }
    insurance_free(insurance);
    return result;
}

enum result generate_write(const struct generate_options *options, int fd, struct refusal *ret_refusal)
{
    static enum result (*const writers[GENERATE_KINDS])(const struct generate_options *, struct out *) = {
        write_residents, write_enterprises, write_insurance};
    TRY(check(options, ret_refusal));
    struct out out = {.fd = fd, .bytes = malloc(OUT_BYTES + OUT_ROW_BYTES)};
    if (out.bytes == NULL)
        abort();
    enum result result = writers[options->kind](options, &out);
    if (result == RESULT_OK)
        result = out_flush(&out);
    free(out.bytes);
    if (result == RESULT_IO)
        return refuse(ret_refusal, (struct refusal){.result = RESULT_IO,
                                                    .zh = "写文件失败。",
                                                    .en = "Writing failed.",
                                                    .remedy_zh = "请检查磁盘空间和权限。",
                                                    .remedy_en = "Check disk space and permissions."});
    return result;
}
