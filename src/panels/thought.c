// Sending thoughts off; see thought.h.
#include "panels/thought.h"

#include "base/check.h"
#include "panels/workbench.h"

bool thought_is_possible(const Workbench *bench) {
    return bench->answer.recognizer && !bench->answer.held;
}

bool thought_send_to(Workbench *bench, Recognizer *recognizer, Thought *thought,
                     const ErrandKind *kind) {
    ASSERT(kind->queue == ERRANDS_THOUGHTS && kind->close == thought_close);
    if (thought->busy || !recognizer) return false;
    thought->busy = true;
    thought->recognizer = recognizer;
    thought->errand.kind = kind;
    workbench_check(bench, errands_try(bench, &thought->errand));
    return true;
}

bool thought_send(Workbench *bench, Thought *thought, const ErrandKind *kind) {
    return thought_is_possible(bench) &&
           thought_send_to(bench, bench->answer.recognizer, thought, kind);
}

void thought_close(Errand *errand) {
    ((Thought *)errand)->busy = false;
}
