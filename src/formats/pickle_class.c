// Operations of the pickle machine that name classes and call them: the door that stays shut but
// for the rows of pickle_torch.c.
#include "formats/pickle_machine.h"

#include <string.h>

// ---- opcodes: classes ---------------------------------------------------------------------------

static void printable(const char *text, size_t size, char out[80]) {
    if (size > 79) size = 79;
    for (size_t i = 0; i < size; i++)
        out[i] = (char)(text[i] > 0x20 && text[i] < 0x7F ? text[i] : '?');
    out[size] = '\0';
}

// True when what follows makes an object of the class just named, as pickling an instance does:
// [keep it in the memo] EMPTY_TUPLE NEWOBJ.
static bool makes_object(const Machine *m) {
    const unsigned char *at = m->at;
    size_t left = (size_t)(m->end - at), skip = 0;
    if (left > 0) skip = at[0] == 'q' ? 2 : at[0] == 'r' ? 5 : at[0] == 0x94 ? 1 : 0;
    return left >= skip + 2 && at[skip] == ')' && at[skip + 1] == 0x81;
}

static Status refuse_class(const Machine *m, const char *module, size_t module_size,
                           const char *name, size_t name_size) {
    char a[80], b[80];
    printable(module, module_size, a);
    printable(name, name_size, b);
    bool source =
        m->stack.count > 0 && pickle_text_is(m->stack.items[m->stack.count - 1], "module");
    if (strncmp(a, "__torch__", 9) == 0)
        return status_error(STATUS_UNSUPPORTED,
                            "it is a TorchScript program (%s.%s); save the weights alone: "
                            "torch.save(model.state_dict(), \"model.pth\")",
                            a, b);
    if (source || makes_object(m))
        return status_error(STATUS_UNSUPPORTED,
                            "it holds a whole Python object of class %s.%s, which only Python with "
                            "its source can open; save the weights alone: "
                            "torch.save(model.state_dict(), \"model.pth\")",
                            a, b);
    return status_error(STATUS_UNSUPPORTED,
                        "it names %s.%s, which is not needed for weights and may do harm, so it is "
                        "refused; if you trust the file, save the weights alone in Python: "
                        "torch.save(model.state_dict(), \"model.pth\")",
                        a, b);
}

static Status push_class(Machine *m, const char *module, size_t module_size, const char *name,
                         size_t name_size) {
    const PickleClass *row = pickle_find_class(module, module_size, name, name_size);
    if (!row) return refuse_class(m, module, module_size, name, name_size);
    PickleValue *value = pickle_new(m->pickle, row->kind);
    if (!value) return pickle_no_memory();
    value->class_row = row;
    value->integer = row->type;
    return pickle_push(m, value);
}

Status pickle_op_global(Machine *m) {
    const char *module, *name;
    size_t module_size, name_size;
    Status status;
    TRY(pickle_take_line(m, &module, &module_size));
    TRY(pickle_take_line(m, &name, &name_size));
    return push_class(m, module, module_size, name, name_size);
fail:
    return status;
}

Status pickle_op_stack_global(Machine *m) {
    PickleValue *module, *name;
    Status status;
    TRY(pickle_pop(m, &name));
    TRY(pickle_pop(m, &module));
    if (module->kind != PICKLE_TEXT || name->kind != PICKLE_TEXT)
        return pickle_damaged(m, "the name of a class is expected");
    return push_class(m, module->text, module->size, name->text, name->size);
fail:
    return status;
}

// REDUCE calls, NEWOBJ makes an object: for the classes allowed that is the same.
Status pickle_op_reduce(Machine *m) {
    PickleValue *callable, *args, *result = NULL;
    Status status;
    TRY(pickle_pop(m, &args));
    TRY(pickle_pop(m, &callable));
    if (args->kind != PICKLE_TUPLE) return pickle_damaged(m, "arguments are expected");
    const PickleClass *row = callable->class_row;
    if ((callable->kind != PICKLE_CLASS && callable->kind != PICKLE_TYPE) || !row || !row->call)
        return pickle_damaged(m, "it calls something that cannot be called");
    TRY(row->call(m->pickle, row, args, &result));
    return pickle_push(m, result);
fail:
    return status;
}

// Attributes are of no use here; only a dict (its _metadata) and a tensor may carry them.
Status pickle_op_build(Machine *m) {
    PickleValue *state, *object;
    Status status;
    TRY(pickle_pop(m, &state));
    TRY(pickle_top(m, &object));
    if (object->kind != PICKLE_DICT && object->kind != PICKLE_TENSOR)
        return pickle_damaged(m, "attributes are set on something that has none");
fail:
    return status;
}

Status pickle_op_persistent(Machine *m) {
    PickleValue *id, *storage = NULL;
    Status status;
    TRY(pickle_pop(m, &id));
    TRY(pickle_make_storage(m->pickle, id, &storage));
    return pickle_push(m, storage);
fail:
    return status;
}
