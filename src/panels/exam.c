// Test-set results, and examining a loaded model in a thread.
#include "panels/exam.h"

#include <stdlib.h>
#include <string.h>

// The part that is under way when an exam is given up is waited for where a window closes or the
// data set changes: not more than a batch.
enum { EXAM_BATCH = 50, EXAM_PART = EXAM_BATCH };

void exam_close(Exam *exam) {
    free(exam->classes);
    free(exam->confidence);
    free(exam->mistakes);
    uint32_t version = exam->version;
    memset(exam, 0, sizeof *exam);
    exam->version = version + 1;
}

typedef struct Mistake {
    float confidence;
    int32_t index;
} Mistake;

// The most confident first; equal ones in the order of the set.
static int mistake_compare(const void *a, const void *b) {
    const Mistake *x = a, *y = b;
    if (x->confidence != y->confidence) return x->confidence > y->confidence ? -1 : 1;
    return x->index < y->index ? -1 : x->index > y->index;
}

static Status exam_find_mistakes(Exam *exam, const ImageSet *set) {
    int count = 0;
    for (int i = 0; i < exam->n; i++) count += exam->classes[i] != set->labels[i];
    size_t bytes = (size_t)(count ? count : 1) * sizeof(Mistake);
    Mistake *found = malloc(bytes);
    exam->mistakes = malloc((size_t)(count ? count : 1) * sizeof *exam->mistakes);
    if (!found || !exam->mistakes) {
        free(found);
        return status_no_memory("the list of mistakes", bytes);
    }
    int at = 0;
    for (int i = 0; i < exam->n; i++)
        if (exam->classes[i] != set->labels[i])
            found[at++] = (Mistake){exam->confidence[i], (int32_t)i};
    qsort(found, (size_t)count, sizeof *found, mistake_compare);
    for (int i = 0; i < count; i++) exam->mistakes[i] = found[i].index;
    exam->mistake_count = count;
    free(found);
    return status_ok();
}

Status exam_set(Exam *exam, uint64_t of, const ImageSet *set, int class_count,
                const uint8_t *classes, const float *confidence, double loss, double accuracy) {
    exam_close(exam);
    size_t n = set->n;
    Status status;
    exam->classes = malloc(n ? n : 1);
    exam->confidence = malloc((n ? n : 1) * sizeof *exam->confidence);
    if (!exam->classes || !exam->confidence) TRY(status_no_memory("the test results", 5 * n));
    memcpy(exam->classes, classes, n);
    memcpy(exam->confidence, confidence, n * sizeof *confidence);
    exam->n = (int)n;
    exam->class_count = class_count;
    exam->loss = loss;
    exam->accuracy = accuracy;
    for (size_t i = 0; i < n; i++)
        if (set->labels[i] < class_count && classes[i] < class_count)
            exam->counts[set->labels[i] * class_count + classes[i]]++;
    TRY(exam_find_mistakes(exam, set));
    exam->of = of;
    return status;
fail:
    exam_close(exam);
    return status;
}

int exam_cell(const Exam *exam, const ImageSet *set, int label, int answer, int32_t *out, int max) {
    int count = 0;
    for (int i = 0; i < exam->n && count < max; i++)
        if (set->labels[i] == label && exam->classes[i] == answer) out[count++] = i;
    return count;
}

// ---- examining ----------------------------------------------------------------------------------

static void examiner_main(void *context) {
    Examiner *ex = context;
    const ImageSet *set = &ex->dataset->test;
    double loss = 0, right = 0;
    ex->status = recognizer_open(ex->model, 1, EXAM_BATCH, &ex->recognizer);
    for (uint32_t first = 0;
         first < set->n && status_is_ok(&ex->status) && !atomic_load(&ex->cancel);
         first += EXAM_PART) {
        ImageSet part = *set;
        EvalResult result;
        part.n = set->n - first < EXAM_PART ? set->n - first : EXAM_PART;
        part.pixels = imageset_pixels(set, first);
        part.labels = set->labels + first;
        ex->status = recognizer_evaluate(ex->recognizer, &part, &result, ex->classes + first,
                                         ex->confidence + first);
        if (!status_is_ok(&ex->status)) break;
        loss += result.loss * part.n;
        right += result.accuracy * part.n;
        atomic_store(&ex->answered, (int)(first + part.n));
    }
    ex->loss = set->n ? loss / set->n : 0;
    ex->accuracy = set->n ? right / set->n : 0;
    atomic_store(&ex->done, true);
    if (ex->wake) ex->wake(ex->context); // one that was given up too: another waits for its end
}

void examiner_close(Examiner *ex) {
    if (ex->busy) atomic_store(&ex->cancel, true);
    thread_join(&ex->thread);
    recognizer_close(&ex->recognizer);
    saved_model_close(&ex->made);
    ex->model = NULL;
    free(ex->classes);
    free(ex->confidence);
    ex->classes = NULL;
    ex->confidence = NULL;
    ex->busy = false;
    ex->of = 0;
    atomic_store(&ex->cancel, false);
    atomic_store(&ex->done, false);
    atomic_store(&ex->answered, 0);
}

bool examiner_give_up(Examiner *ex) {
    if (!ex->busy) return true;
    atomic_store(&ex->cancel, true);
    if (!atomic_load(&ex->done)) return false;
    examiner_close(ex);
    return true;
}

void examiner_forget(Examiner *ex, const SavedModel *model) {
    if (ex->model == model) examiner_close(ex);
}

Status examiner_start(Examiner *ex, uint64_t of, const SavedModel *model, SavedModel *made,
                      const Dataset *dataset, void (*wake)(void *), void *context) {
    size_t n = dataset->test.n;
    Status status;
    examiner_close(ex);
    ex->made = made;
    ex->model = made ? made : model;
    ex->dataset = dataset;
    ex->wake = wake;
    ex->context = context;
    ex->classes = malloc(n ? n : 1);
    ex->confidence = malloc((n ? n : 1) * sizeof *ex->confidence);
    if (!ex->classes || !ex->confidence) TRY(status_no_memory("the test results", 5 * n));
    TRY(thread_start(&ex->thread, "inkling-exam", examiner_main, ex));
    ex->of = of;
    ex->busy = true;
    return status;
fail:
    examiner_close(ex);
    return status;
}

bool examiner_take(Examiner *ex, Exam *exam, Status *status) {
    if (!ex->busy || !atomic_load(&ex->done)) return false;
    if (atomic_load(&ex->cancel)) { // nobody wants that any more
        examiner_close(ex);
        return false;
    }
    thread_join(&ex->thread);
    *status = ex->status;
    if (status_is_ok(status))
        *status = exam_set(exam, ex->of, &ex->dataset->test, (int)ex->dataset->classes, ex->classes,
                           ex->confidence, ex->loss, ex->accuracy);
    examiner_close(ex);
    return true;
}

float examiner_progress(const Examiner *ex) {
    if (!ex->busy || ex->dataset->test.n == 0) return 0;
    return (float)atomic_load(&ex->answered) / (float)ex->dataset->test.n;
}
