// Options of `mien train`: those of every training, and lists: which tasks are learned, how many
// labels are kept.
#ifndef MIEN_LEARN_TRAIN_OPTIONS_H
#define MIEN_LEARN_TRAIN_OPTIONS_H

#include <stdbool.h>

#include "base/args.h"
#include "learn/loop.h"
#include "learn/sample.h"

// Rows of an option table, bound to the fields of a struct mien_loop_config.
#define MIEN_LOOP_OPTIONS(l)                                                                         \
    {"out", 'o', MIEN_OPT_FIELD(&(l).out), "DIR", "where checkpoint, network, log and curves go",    \
     0,     0},                                                                                      \
        {"init",    0,      MIEN_OPT_INPUT,                                                          \
         &(l).init, "FILE", "start from this checkpoint's or network's weights",                     \
         0,         0},                                                                              \
        {"resume", 0, MIEN_OPT_FIELD(&(l).resume), NULL, "go on from DIR/last.ckpt, exactly", 0, 0}, \
        {"learn",                                                                                    \
         0,                                                                                          \
         MIEN_OPT_FIELD(&(l).learn),                                                                 \
         "OUTPUTS",                                                                                  \
         "train only the layers that lead to these outputs alone, and leave all others as they "     \
         "are",                                                                                      \
         0,                                                                                          \
         0},                                                                                         \
        {"steps", 0, MIEN_OPT_FIELD(&(l).steps), "N", "optimiser steps", 1, 1e9},                    \
        {"batch", 'b', MIEN_OPT_FIELD(&(l).batch), "N", "pictures a step", 1, 4096},                 \
        {"shard",                                                                                    \
         0,                                                                                          \
         MIEN_OPT_FIELD(&(l).shard),                                                                 \
         "N",                                                                                        \
         "pictures a shard: what one thread takes; batch norm sees a shard",                         \
         1,                                                                                          \
         1024},                                                                                      \
        {"lr", 0, MIEN_OPT_FIELD(&(l).lr), "X", "peak learning rate", 1e-7, 1},                      \
        {"muon",                                                                                     \
         0,                                                                                          \
         MIEN_OPT_FIELD(&(l).muon),                                                                  \
         "X",                                                                                        \
         "momentum of Muon for hidden layers' weights (0.95), 0 = AdamW for all",                    \
         0,                                                                                          \
         0.9999},                                                                                    \
        {"muon-rate", 0,  MIEN_OPT_FIELD(&(l).muon_rate), "X", "its learning rate over --lr",        \
         0,           100},                                                                          \
        {"decay", 0, MIEN_OPT_FIELD(&(l).decay), "X", "weight decay", 0, 1},                         \
        {"clip", 0, MIEN_OPT_FIELD(&(l).clip), "X", "largest gradient norm, 0 = any", 0, 1e6},       \
        {"average", 0, MIEN_OPT_FIELD(&(l).average), "X", "moving average of weights", 0, 0.99999},  \
        {"warmup", 0, MIEN_OPT_FIELD(&(l).warmup), "N", "steps of rising learning rate", 0, 1e9},    \
        {"precision",                                                                                \
         0,                                                                                          \
         MIEN_OPT_CHOICE,                                                                            \
         &(l).precision,                                                                             \
         MIEN_PRECISION_NAMES,                                                                       \
         "of the convolutions' operands while training: bf16 is faster where the processor has "     \
         "AVX512-BF16, auto takes it there; validation, network and checkpoint are float",           \
         0,                                                                                          \
         0},                                                                                         \
        {"threads", 't', MIEN_OPT_FIELD(&(l).threads), "N", "threads, 0 = one per core", 0, 256},    \
        {"seed", 0, MIEN_OPT_FIELD(&(l).seed), "N", "of weights, drawing and augmentation", 0, 2e9}, \
        {"validate-every",                                                                           \
         0,                                                                                          \
         MIEN_OPT_FIELD(&(l).validate_every),                                                        \
         "N",                                                                                        \
         "steps; 0 = at the end",                                                                    \
         0,                                                                                          \
         1e9},                                                                                       \
        {"log-every", 0,  MIEN_OPT_FIELD(&(l).log_every), "N", "steps between lines of the log",     \
         1,           1e9},                                                                          \
        {"freeze-norm",                                                                              \
         0,                                                                                          \
         MIEN_OPT_FIELD(&(l).freeze_norm),                                                           \
         "N",                                                                                        \
         "from step N on batch norm keeps its statistics: for a training's last part; -1 = never",   \
         -1,                                                                                         \
         1e9},                                                                                       \
    {                                                                                                \
        "checkpoint", 0, MIEN_OPT_FIELD(&(l).checkpoint_s), "S", "seconds between checkpoints", 1,   \
            1e6                                                                                      \
    }

// Notes what a training writes into the folder `out`. False: as mien_claims_write.
bool mien_claim_training(struct mien_claims *c, const struct mien_lesson *lesson, const char *out);

// "landmarks=1,pose=0.5" changes these weights; NULL none. False after explaining a mistake.
bool mien_parse_weights(const char *text, float *weight);
// What --help says of them. Returns text.
enum { MIEN_WEIGHTS_HELP = 320 };
const char *mien_describe_weights(char text[MIEN_WEIGHTS_HELP]);

// "landmarks,pose": every other task gets weight 0; sigma goes with landmarks. NULL keeps all.
// False after explaining a mistake.
bool mien_parse_tasks(const char *text, float *weight);
// "landmarks=0.25,pose=0.5" or "all=0.1" -> share of training records that lose the label. NULL
// loses none. False after explaining a mistake.
bool mien_parse_fractions(const char *text, float drop[MIEN_LABEL_KINDS]);

#endif
