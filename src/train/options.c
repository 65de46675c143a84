// The table of everything that can be set about a run. What an option means is done elsewhere; here
// it gets its name, its type, its place in TrainConfig, its range and its words for people.
#include "train/config.h"

#include "base/tr.h"

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
    return i < LOSS_COUNT ? loss_rows[i].name : NULL;
}

static const char *choice_unit(int i) {
    return i < SCHEDULE_UNIT_COUNT ? schedule_unit_names[i] : NULL;
}
static const char *choice_anneal(int i) {
    return i < ANNEAL_COUNT ? schedule_anneal_names[i] : NULL;
}
static const char *choice_monitor(int i) {
    static const char *const names[MONITOR_COUNT] = {TR("loss"), TR("accuracy")};
    return i < MONITOR_COUNT ? names[i] : NULL;
}

// ---- when an option has a say -------------------------------------------------------------------

static bool with_step(const TrainConfig *c) {
    return c->schedule == SCHEDULE_STEP;
}
static bool with_gamma(const TrainConfig *c) {
    return with_step(c) || c->schedule == SCHEDULE_EXPONENTIAL || c->schedule == SCHEDULE_PLATEAU;
}
static bool with_unit(const TrainConfig *c) {
    return schedule_rows[c->schedule].has_unit;
}
static bool with_lr_min(const TrainConfig *c) {
    return c->schedule == SCHEDULE_COSINE || c->schedule == SCHEDULE_PLATEAU;
}
static bool with_plateau(const TrainConfig *c) {
    return c->schedule == SCHEDULE_PLATEAU;
}
static bool with_one_cycle(const TrainConfig *c) {
    return c->schedule == SCHEDULE_ONE_CYCLE;
}
static bool with_cycled_momentum(const TrainConfig *c) {
    return with_one_cycle(c) && c->schedule_options.cycle_momentum;
}
static bool with_warmup(const TrainConfig *c) {
    return c->warmup_epochs > 0 || c->warmup_steps > 0;
}
static bool with_smoothing(const TrainConfig *c) {
    return loss_rows[c->loss].takes & LOSS_TAKES_SMOOTHING;
}
static bool with_held_out(const TrainConfig *c) {
    return c->held_out > 0;
}
static bool with_patience(const TrainConfig *c) {
    return c->held_out > 0 && c->patience > 0;
}

#define FIELD(member) offsetof(TrainConfig, member), sizeof(((TrainConfig *)0)->member)
#define HUGE_NUMBER   1e30

// clang-format off
const TrainOption train_options[] = {
    {.name = "preset", .label = TR("Model"), .type = OPTION_TEXT, FIELD(preset), .choice = choice_preset,
     .help = TR("one of the tutorial networks, with its recipe; an empty one when layers says it all")},
    {.name = "layers", .label = TR("Layers"), .type = OPTION_TEXT, FIELD(layers),
     .help = TR("the network in notation: \"conv 6 k5 p2, relu, avgpool 2, dense 10\"")},
    {.name = "mean", .label = TR("Input mean"), .type = OPTION_NUMBER, FIELD(mean),
     .low = -1000, .high = 1000, .help = TR("input normalization: (x - mean) / std, x in 0..1")},
    {.name = "std", .label = TR("Input std"), .type = OPTION_NUMBER, FIELD(std),
     .low = 1e-6, .high = 1000, .help = TR("input normalization: (x - mean) / std, x in 0..1")},
    {.name = "data", .label = TR("Data"), .type = OPTION_TEXT, FIELD(data),
     .help = TR("a directory of IDX files, or synthetic[:SEED]; several joined: "
             "mnist@55000+synthetic+others; otherwise what is found")},
    {.name = "init-from", .label = TR("Start from"), .type = OPTION_TEXT, FIELD(init_from),
     .help = TR("start from the weights of this model file")},
    {.name = "init", .label = TR("Initial weights"), .type = OPTION_CHOICE, FIELD(init),
     .choice = choice_init, .help = TR("how the seed becomes weights: pytorch, he or xavier")},
    {.name = "optimizer", .label = TR("Optimizer"), .type = OPTION_CHOICE, FIELD(optimizer),
     .choice = choice_optimizer, .help = TR("the update rule, with PyTorch's defaults")},
    {.name = "lr", .label = TR("Learning rate"), .type = OPTION_NUMBER, FIELD(options.lr),
     .low = 0, .high = HUGE_NUMBER, .live = true, .help = TR("learning rate that the schedule starts from")},
    {.name = "momentum", .label = TR("Momentum"), .type = OPTION_NUMBER, FIELD(options.momentum),
     .low = 0, .high = 1, .needs = OPTION_MOMENTUM, .help = TR("share of the last update that is kept")},
    {.name = "dampening", .label = TR("Dampening"), .type = OPTION_NUMBER, FIELD(options.dampening),
     .low = 0, .high = 1, .needs = OPTION_DAMPENING, .help = TR("share of the gradient kept out of the momentum")},
    {.name = "nesterov", .label = TR("Nesterov"), .type = OPTION_FLAG, FIELD(options.nesterov),
     .needs = OPTION_NESTEROV, .help = TR("look ahead along the momentum")},
    {.name = "beta1", .label = TR("Beta 1"), .type = OPTION_NUMBER, FIELD(options.beta1),
     .low = 0, .high = 0.999999999, .needs = OPTION_BETAS, .help = TR("decay of the mean of gradients")},
    {.name = "beta2", .label = TR("Beta 2"), .type = OPTION_NUMBER, FIELD(options.beta2),
     .low = 0, .high = 0.999999999, .needs = OPTION_BETAS, .help = TR("decay of the mean of squared gradients")},
    {.name = "alpha", .label = TR("Alpha"), .type = OPTION_NUMBER, FIELD(options.alpha),
     .low = 0, .high = 1, .needs = OPTION_ALPHA, .help = TR("smoothing of the squared gradients")},
    {.name = "rho", .label = TR("Rho"), .type = OPTION_NUMBER, FIELD(options.rho),
     .low = 0, .high = 1, .needs = OPTION_RHO, .help = TR("decay of the averages of squares")},
    {.name = "eps", .label = TR("Epsilon"), .type = OPTION_NUMBER, FIELD(options.eps),
     .low = 0, .high = 1, .needs = OPTION_EPS, .help = TR("added to the denominator")},
    {.name = "weight-decay", .label = TR("Weight decay"), .type = OPTION_NUMBER, FIELD(options.weight_decay),
     .low = 0, .high = 1000, .needs = OPTION_WEIGHT_DECAY, .help = TR("L2 penalty (AdamW: decoupled)")},
    {.name = "lr-decay", .label = TR("LR decay"), .type = OPTION_NUMBER, FIELD(options.lr_decay),
     .low = 0, .high = 1000, .needs = OPTION_LR_DECAY, .help = TR("learning rate falls as 1/(1 + steps * this)")},
    {.name = "initial-accumulator-value", .label = TR("Initial accumulator"), .type = OPTION_NUMBER,
     FIELD(options.initial_accumulator_value), .low = 0, .high = 1e6,
     .needs = OPTION_INITIAL_ACCUMULATOR, .help = TR("what the sum of squares starts at")},
    {.name = "momentum-decay", .label = TR("Momentum decay"), .type = OPTION_NUMBER,
     FIELD(options.momentum_decay), .low = 0, .high = 1000, .needs = OPTION_MOMENTUM_DECAY,
     .help = TR("how fast the momentum grows to beta 1")},
    {.name = "amsgrad", .label = TR("AMSGrad"), .type = OPTION_FLAG, FIELD(options.amsgrad),
     .needs = OPTION_AMSGRAD, .help = TR("never let the second moment shrink")},
    {.name = "centered", .label = TR("Centered"), .type = OPTION_FLAG, FIELD(options.centered),
     .needs = OPTION_CENTERED, .help = TR("normalise by the variance of the gradient")},
    {.name = "schedule", .label = TR("Schedule"), .type = OPTION_CHOICE, FIELD(schedule),
     .choice = choice_schedule, .help = TR("how the learning rate moves")},
    {.name = "schedule-unit", .label = TR("Counted in"), .type = OPTION_CHOICE, FIELD(schedule_options.unit),
     .choice = choice_unit, .applies = with_unit,
     .help = TR("step, exponential, cosine: counted in epochs or in batches")},
    {.name = "step-size", .label = TR("Step size"), .type = OPTION_INT, FIELD(schedule_options.step_size),
     .low = 1, .high = 1000000, .applies = with_step, .help = TR("step schedule: reduce every so many epochs")},
    {.name = "gamma", .label = TR("Gamma"), .type = OPTION_NUMBER, FIELD(schedule_options.gamma),
     .low = 0, .high = 1000, .applies = with_gamma,
     .help = TR("step, exponential, plateau: a reduction is times this")},
    {.name = "schedule-from-start", .label = TR("From start"), .type = OPTION_BOOL,
     FIELD(schedule_options.from_start), .applies = with_step,
     .help = TR("step schedule: the first reduction is at epoch 0")},
    {.name = "lr-min", .label = TR("Lowest rate"), .type = OPTION_NUMBER, FIELD(schedule_options.lr_min),
     .low = 0, .high = HUGE_NUMBER, .applies = with_lr_min,
     .help = TR("cosine: where it ends; plateau: never below")},
    {.name = "plateau-patience", .label = TR("Plateau patience"), .type = OPTION_INT,
     FIELD(schedule_options.patience), .low = 0, .high = 100000, .applies = with_plateau,
     .help = TR("plateau: epochs without a better loss before a reduction")},
    {.name = "plateau-threshold", .label = TR("Plateau threshold"), .type = OPTION_NUMBER,
     FIELD(schedule_options.threshold), .low = 0, .high = 1, .applies = with_plateau,
     .help = TR("plateau: share by which a better loss must be better")},
    {.name = "plateau-cooldown", .label = TR("Plateau cooldown"), .type = OPTION_INT,
     FIELD(schedule_options.cooldown), .low = 0, .high = 100000, .applies = with_plateau,
     .help = TR("plateau: epochs after a reduction that do not count")},
    {.name = "pct-start", .label = TR("Rising part"), .type = OPTION_NUMBER,
     FIELD(schedule_options.pct_start), .low = 0, .high = 1, .applies = with_one_cycle,
     .help = TR("one-cycle: share of the batches in which the rate rises to lr")},
    {.name = "div-factor", .label = TR("First rate: lr /"), .type = OPTION_NUMBER,
     FIELD(schedule_options.div_factor), .low = 1e-6, .high = 1e12, .applies = with_one_cycle,
     .help = TR("one-cycle: it begins with lr divided by this")},
    {.name = "final-div-factor", .label = TR("Last rate: first /"), .type = OPTION_NUMBER,
     FIELD(schedule_options.final_div_factor), .low = 1e-6, .high = 1e12, .applies = with_one_cycle,
     .help = TR("one-cycle: it ends with the first rate divided by this")},
    {.name = "anneal", .label = TR("Anneal"), .type = OPTION_CHOICE, FIELD(schedule_options.anneal),
     .choice = choice_anneal, .applies = with_one_cycle, .help = TR("one-cycle: along a cosine or a line")},
    {.name = "cycle-momentum", .label = TR("Cycle momentum"), .type = OPTION_BOOL,
     FIELD(schedule_options.cycle_momentum), .applies = with_one_cycle,
     .help = TR("one-cycle: momentum (or beta1) moves against the rate")},
    {.name = "base-momentum", .label = TR("Lowest momentum"), .type = OPTION_NUMBER,
     FIELD(schedule_options.base_momentum), .low = 0, .high = 0.999999, .applies = with_cycled_momentum,
     .help = TR("one-cycle: momentum where the rate is highest")},
    {.name = "max-momentum", .label = TR("Highest momentum"), .type = OPTION_NUMBER,
     FIELD(schedule_options.max_momentum), .low = 0, .high = 0.999999, .applies = with_cycled_momentum,
     .help = TR("one-cycle: momentum where the rate is lowest")},
    {.name = "warmup-epochs", .label = TR("Warm-up epochs"), .type = OPTION_NUMBER, FIELD(warmup_epochs),
     .low = 0, .high = 100000, .help = TR("the rate rises batch by batch in so many epochs (0.5 is fine)")},
    {.name = "warmup-steps", .label = TR("Warm-up batches"), .type = OPTION_INT, FIELD(warmup_steps),
     .low = 0, .high = 2147483647, .help = TR("the same in batches")},
    {.name = "warmup-start", .label = TR("Warm-up from"), .type = OPTION_NUMBER, FIELD(warmup_start),
     .low = 0, .high = 1, .applies = with_warmup, .help = TR("share of the rate that warm-up begins with")},
    {.name = "loss", .label = TR("Loss"), .type = OPTION_CHOICE, FIELD(loss), .choice = choice_loss,
     .help = TR("what is minimised")},
    {.name = "label-smoothing", .label = TR("Label smoothing"), .type = OPTION_NUMBER,
     FIELD(label_smoothing), .low = 0, .high = 0.999, .applies = with_smoothing, .help = TR("share of each label spread over all classes")},
    {.name = "clip-norm", .label = TR("Clip norm"), .type = OPTION_NUMBER, FIELD(clip_norm),
     .low = 0, .high = HUGE_NUMBER, .help = TR("largest norm of the gradients, all together; 0: no limit")},
    {.name = "ema", .label = TR("Average weights"), .type = OPTION_NUMBER, FIELD(ema),
     .low = 0, .high = 0.9999999,
     .help = TR("an average of the weights is judged and saved: share of it kept each batch (0.999); 0: off")},
    {.name = "augment", .label = TR("Augmentation"), .type = OPTION_CHOICE, FIELD(augment),
     .choice = choice_augment, .live = true,
     .help = TR("vary the training images: none, light or strong, or strengths of your own")},
    {.name = "rotate", .label = TR("Rotate"), .type = OPTION_NUMBER, FIELD(strengths.rotate),
     .low = 0, .high = 180, .help = TR("augmentation: up to so many degrees each way")},
    {.name = "shift", .label = TR("Shift"), .type = OPTION_NUMBER, FIELD(strengths.shift),
     .low = 0, .high = 1, .help = TR("augmentation: up to this share of width and height")},
    {.name = "scale", .label = TR("Scale"), .type = OPTION_NUMBER, FIELD(strengths.scale),
     .low = 0, .high = 0.9, .help = TR("augmentation: larger or smaller by up to this share")},
    {.name = "shear", .label = TR("Shear"), .type = OPTION_NUMBER, FIELD(strengths.shear),
     .low = 0, .high = 2, .help = TR("augmentation: slant, pixels sideways per pixel of height")},
    {.name = "elastic", .label = TR("Elastic"), .type = OPTION_NUMBER, FIELD(strengths.elastic),
     .low = 0, .high = 0.5, .help = TR("augmentation: bending, as a share of the width")},
    {.name = "thickness", .label = TR("Thickness"), .type = OPTION_NUMBER, FIELD(strengths.thickness),
     .low = 0, .high = 1, .help = TR("augmentation: strokes thicker or thinner by up to so many pixels")},
    {.name = "erase", .label = TR("Erase"), .type = OPTION_NUMBER, FIELD(strengths.erase),
     .low = 0, .high = 1, .help = TR("augmentation: probability that a rectangle is erased")},
    {.name = "held-out", .label = TR("Held out"), .type = OPTION_INT, FIELD(held_out),
     .low = 0, .high = 2147483647,
     .help = TR("so many training images are not trained on but judged by; the seed says which")},
    {.name = "patience", .label = TR("Patience"), .type = OPTION_INT, FIELD(patience),
     .low = 0, .high = 100000, .applies = with_held_out,
     .help = TR("stop after so many epochs without a better held-out figure; 0: never")},
    {.name = "monitor", .label = TR("Watched"), .type = OPTION_CHOICE, FIELD(monitor),
     .choice = choice_monitor, .applies = with_patience, .help = TR("the held-out figure that patience watches")},
    {.name = "restore-best", .label = TR("Restore best"), .type = OPTION_BOOL, FIELD(restore_best),
     .applies = with_patience, .help = TR("end with the weights of the best epoch on the held-out images")},
    {.name = "until", .label = TR("Until"), .type = OPTION_NUMBER, FIELD(until),
     .low = 0, .high = 1, .help = TR("stop at the end of the epoch whose test accuracy reaches this (0.99); 0: off")},
    {.name = "batch-size", .label = TR("Batch"), .type = OPTION_INT, FIELD(batch_size),
     .low = 1, .high = 65536, .help = TR("images in a training step")},
    {.name = "epochs", .label = TR("Epochs"), .type = OPTION_INT, FIELD(epochs),
     .low = 1, .high = 100000, .help = TR("times through the training set")},
    {.name = "seed", .label = TR("Seed"), .type = OPTION_SEED, FIELD(seed),
     .low = 0, .high = 9e15, .help = TR("of weights, order, dropout and augmentation")},
    {.name = "limit", .label = TR("Limit"), .type = OPTION_INT, FIELD(limit),
     .low = 0, .high = 2147483647, .help = TR("only the first so many training images; 0: all")},
    {.name = "shuffle", .label = TR("Shuffle"), .type = OPTION_BOOL, FIELD(shuffle),
     .help = TR("a new order of the images in each epoch")},
    {.name = "device", .label = TR("Device"), .type = OPTION_TEXT, FIELD(device), .machine = true,
     .help = TR("cpu, ref (plain C) or cuda")},
    {.name = "threads", .label = TR("Threads"), .type = OPTION_INT, FIELD(threads), .machine = true,
     .low = 0, .high = 256, .help = TR("worker threads; 0: one for each processor")},
};
// clang-format on

const int train_option_count = (int)(sizeof train_options / sizeof train_options[0]);
