// The table of everything that can be set about a run. What an option means is done elsewhere; here
// it gets its name, its type, its place in TrainConfig, its range and its words for people.
#include "dataset/augment.h"
#include "train/config.h"

static const char *choice_preset(int i) {
    return i < preset_count ? presets[i].name : NULL;
}
static const char *choice_optimizer(int i) {
    return i < OPTIMIZER_COUNT ? optimizer_rows[i].name : NULL;
}
static const char *choice_schedule(int i) {
    return i < SCHEDULE_COUNT ? schedule_rows[i].name : NULL;
}
static const char *choice_init(int i) {
    return i < INIT_COUNT ? init_names[i] : NULL;
}
static const char *choice_augment(int i) {
    return augment_presets[i].name;
}
static const char *choice_loss(int i) {
    static const char *const names[LOSS_COUNT] = {[LOSS_CROSS_ENTROPY] = "cross-entropy"};
    return i < LOSS_COUNT ? names[i] : NULL;
}

#define FIELD(member) offsetof(TrainConfig, member), sizeof(((TrainConfig *)0)->member)
#define HUGE_NUMBER   1e30

// clang-format off
const TrainOption train_options[] = {
    {.name = "preset", .label = "Model", .type = OPTION_TEXT, FIELD(preset), .choice = choice_preset,
     .help = "one of the tutorial networks, with its recipe; an empty one when layers says it all"},
    {.name = "layers", .label = "Layers", .type = OPTION_TEXT, FIELD(layers),
     .help = "the network in notation: \"conv 6 k5 p2, relu, avgpool 2, dense 10\""},
    {.name = "mean", .label = "Input mean", .type = OPTION_NUMBER, FIELD(mean),
     .low = -1000, .high = 1000, .help = "input normalization: (x - mean) / std, x in 0..1"},
    {.name = "std", .label = "Input std", .type = OPTION_NUMBER, FIELD(std),
     .low = 1e-6, .high = 1000, .help = "input normalization: (x - mean) / std, x in 0..1"},
    {.name = "data", .label = "Data", .type = OPTION_TEXT, FIELD(data),
     .help = "a directory of IDX files, or synthetic[:SEED]; otherwise what is found"},
    {.name = "init-from", .label = "Start from", .type = OPTION_TEXT, FIELD(init_from),
     .help = "start from the weights of this model file"},
    {.name = "init", .label = "Initial weights", .type = OPTION_CHOICE, FIELD(init),
     .choice = choice_init, .help = "how the seed becomes weights: pytorch, he or xavier"},
    {.name = "optimizer", .label = "Optimizer", .type = OPTION_CHOICE, FIELD(optimizer),
     .choice = choice_optimizer, .help = "the update rule, with PyTorch's defaults"},
    {.name = "lr", .label = "Learning rate", .type = OPTION_NUMBER, FIELD(options.lr),
     .low = 0, .high = HUGE_NUMBER, .live = true, .help = "learning rate that the schedule starts from"},
    {.name = "momentum", .label = "Momentum", .type = OPTION_NUMBER, FIELD(options.momentum),
     .low = 0, .high = 1, .needs = OPTION_MOMENTUM, .help = "share of the last update that is kept"},
    {.name = "dampening", .label = "Dampening", .type = OPTION_NUMBER, FIELD(options.dampening),
     .low = 0, .high = 1, .needs = OPTION_DAMPENING, .help = "share of the gradient kept out of the momentum"},
    {.name = "nesterov", .label = "Nesterov", .type = OPTION_FLAG, FIELD(options.nesterov),
     .needs = OPTION_NESTEROV, .help = "look ahead along the momentum"},
    {.name = "beta1", .label = "Beta 1", .type = OPTION_NUMBER, FIELD(options.beta1),
     .low = 0, .high = 0.999999999, .needs = OPTION_BETAS, .help = "decay of the mean of gradients"},
    {.name = "beta2", .label = "Beta 2", .type = OPTION_NUMBER, FIELD(options.beta2),
     .low = 0, .high = 0.999999999, .needs = OPTION_BETAS, .help = "decay of the mean of squared gradients"},
    {.name = "alpha", .label = "Alpha", .type = OPTION_NUMBER, FIELD(options.alpha),
     .low = 0, .high = 1, .needs = OPTION_ALPHA, .help = "smoothing of the squared gradients"},
    {.name = "rho", .label = "Rho", .type = OPTION_NUMBER, FIELD(options.rho),
     .low = 0, .high = 1, .needs = OPTION_RHO, .help = "decay of the averages of squares"},
    {.name = "eps", .label = "Epsilon", .type = OPTION_NUMBER, FIELD(options.eps),
     .low = 0, .high = 1, .needs = OPTION_EPS, .help = "added to the denominator"},
    {.name = "weight-decay", .label = "Weight decay", .type = OPTION_NUMBER, FIELD(options.weight_decay),
     .low = 0, .high = 1000, .needs = OPTION_WEIGHT_DECAY, .help = "L2 penalty (AdamW: decoupled)"},
    {.name = "lr-decay", .label = "LR decay", .type = OPTION_NUMBER, FIELD(options.lr_decay),
     .low = 0, .high = 1000, .needs = OPTION_LR_DECAY, .help = "learning rate falls as 1/(1 + steps * this)"},
    {.name = "initial-accumulator-value", .label = "Initial accumulator", .type = OPTION_NUMBER,
     FIELD(options.initial_accumulator_value), .low = 0, .high = 1e6,
     .needs = OPTION_INITIAL_ACCUMULATOR, .help = "what the sum of squares starts at"},
    {.name = "momentum-decay", .label = "Momentum decay", .type = OPTION_NUMBER,
     FIELD(options.momentum_decay), .low = 0, .high = 1000, .needs = OPTION_MOMENTUM_DECAY,
     .help = "how fast the momentum grows to beta 1"},
    {.name = "amsgrad", .label = "AMSGrad", .type = OPTION_FLAG, FIELD(options.amsgrad),
     .needs = OPTION_AMSGRAD, .help = "never let the second moment shrink"},
    {.name = "centered", .label = "Centered", .type = OPTION_FLAG, FIELD(options.centered),
     .needs = OPTION_CENTERED, .help = "normalise by the variance of the gradient"},
    {.name = "schedule", .label = "Schedule", .type = OPTION_CHOICE, FIELD(schedule),
     .choice = choice_schedule, .help = "how the learning rate falls, epoch by epoch"},
    {.name = "step-size", .label = "Step size", .type = OPTION_INT, FIELD(schedule_options.step_size),
     .low = 1, .high = 100000, .help = "step schedule: reduce every so many epochs"},
    {.name = "gamma", .label = "Gamma", .type = OPTION_NUMBER, FIELD(schedule_options.gamma),
     .low = 0, .high = 1000, .help = "step schedule: times this"},
    {.name = "schedule-from-start", .label = "From start", .type = OPTION_BOOL,
     FIELD(schedule_options.from_start), .help = "step schedule: the first reduction is at epoch 0"},
    {.name = "lr-min", .label = "Lowest rate", .type = OPTION_NUMBER, FIELD(schedule_options.lr_min),
     .low = 0, .high = HUGE_NUMBER, .help = "cosine schedule: where it ends"},
    {.name = "loss", .label = "Loss", .type = OPTION_CHOICE, FIELD(loss), .choice = choice_loss,
     .help = "what is minimised"},
    {.name = "label-smoothing", .label = "Label smoothing", .type = OPTION_NUMBER,
     FIELD(label_smoothing), .low = 0, .high = 0.999, .help = "share of each label spread over all classes"},
    {.name = "augment", .label = "Augmentation", .type = OPTION_CHOICE, FIELD(augment),
     .choice = choice_augment, .live = true, .help = "vary the training images: none, light or strong"},
    {.name = "batch-size", .label = "Batch", .type = OPTION_INT, FIELD(batch_size),
     .low = 1, .high = 65536, .help = "images in a training step"},
    {.name = "epochs", .label = "Epochs", .type = OPTION_INT, FIELD(epochs),
     .low = 1, .high = 100000, .help = "times through the training set"},
    {.name = "seed", .label = "Seed", .type = OPTION_SEED, FIELD(seed),
     .low = 0, .high = 9e15, .help = "of weights, order, dropout and augmentation"},
    {.name = "limit", .label = "Limit", .type = OPTION_INT, FIELD(limit),
     .low = 0, .high = 2147483647, .help = "only the first so many training images; 0: all"},
    {.name = "shuffle", .label = "Shuffle", .type = OPTION_BOOL, FIELD(shuffle),
     .help = "a new order of the images in each epoch"},
    {.name = "device", .label = "Device", .type = OPTION_TEXT, FIELD(device), .machine = true,
     .help = "cpu, ref (plain C) or cuda"},
    {.name = "threads", .label = "Threads", .type = OPTION_INT, FIELD(threads), .machine = true,
     .low = 0, .high = 256, .help = "worker threads; 0: one for each processor"},
};
// clang-format on

const int train_option_count = (int)(sizeof train_options / sizeof train_options[0]);
