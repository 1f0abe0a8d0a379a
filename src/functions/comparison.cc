#include "functions/builtin.h"
#include "functions/comparison_loops.h"
#include "functions/family.h"

namespace millrace::functions {
namespace {

// Every comparison is equality or order, perhaps with the sides swapped, perhaps negated.
struct Form {
  bool order = false;  // a < b; otherwise a = b
  bool swapped = false;
  bool negated = false;
};

// A number against a constant or another column, in loops without branches.
template <class T, class Test>
ColumnPtr compare_loop(KernelCall& call, const Column& left, const Column& right, Test&& test) {
  const Reader<T> a(left);
  const Reader<T> b(right);
  const T* const x = a.values();
  const T* const y = b.values();
  if (b.is_constant()) {
    return boolean_rows(call, true,
                        [x, constant = *y, test](uint32_t row) { return test(x[row], constant); });
  }
  if (a.is_constant()) {
    return boolean_rows(call, true,
                        [y, constant = *x, test](uint32_t row) { return test(constant, y[row]); });
  }
  return boolean_rows(call, true, [x, y, test](uint32_t row) { return test(x[row], y[row]); });
}

template <class T, Form kForm>
ColumnPtr compare_numbers(KernelCall& call) {
  const Column& left = call.argument(kForm.swapped ? 1 : 0);
  const Column& right = call.argument(kForm.swapped ? 0 : 1);
  return compare_loop<T>(call, left, right, [](T a, T b) {
    return (kForm.order ? less(a, b) : same(a, b)) != kForm.negated;
  });
}

template <Form kForm>
ColumnPtr compare(KernelCall& call) {
  switch (call.argument(0).width()) {
    case Width::k8:
      return compare_numbers<int8_t, kForm>(call);
    case Width::k16:
      return compare_numbers<int16_t, kForm>(call);
    case Width::k32:
      return compare_numbers<int32_t, kForm>(call);
    case Width::k64:
      return compare_numbers<int64_t, kForm>(call);
    case Width::k128:
      return compare_numbers<Int128, kForm>(call);
    case Width::kF32:
      return compare_numbers<float, kForm>(call);
    case Width::kF64:
      return compare_numbers<double, kForm>(call);
    default:
      break;
  }
  const Column& left = call.argument(kForm.swapped ? 1 : 0);
  const Column& right = call.argument(kForm.swapped ? 0 : 1);
  return with_pair(left, right, [&](const auto& pair) {
    return boolean_rows(call, false, [&](uint32_t row) {
      return (kForm.order ? pair.less(row) : pair.same(row)) != kForm.negated;
    });
  });
}

// Texts and nested values of NULL rows are not to be followed: such comparisons are not total.
bool is_total(std::span<const Type> types, const Type&) {
  const Width width = types[0].width();
  return width != Width::kView && width != Width::kList && width != Width::kGroup;
}

template <Form kForm>
void add(FunctionRegistry& registry, FunctionDoc doc) {
  registry.add(
      expr::ScalarFunction{.doc = std::move(doc),
                           .overloads = {{.parameters = {Accepts::kCommon, Accepts::kCommon},
                                          .result = always(TypeKind::kBoolean),
                                          .kernel = plain_kernel(compare<kForm>),
                                          .properties = kPlain,
                                          .never_fails = is_total}},
                           .syntax = expr::Syntax::kInfix});
}

ColumnPtr is_distinct(KernelCall& call) {
  const Column& a = call.argument(0);
  const Column& b = call.argument(1);
  const NullReader a_null(a);
  const NullReader b_null(b);
  return with_pair(a, b, [&](const auto& pair) {
    return boolean_rows(call, false, [&](uint32_t row) {
      if (a_null[row] || b_null[row]) return a_null[row] != b_null[row];
      return !pair.same(row);
    });
  });
}

}  // namespace

void register_comparisons(FunctionRegistry& registry) {
  constexpr std::string_view kFamily = "comparison";
  add<Form{}>(registry, {"=", kFamily, "a = b -> BOOLEAN", "Whether two values are equal.",
                         "1 = 1.0", "true"});
  add<Form{.negated = true}>(registry, {"<>",
                                        kFamily,
                                        "a <> b -> BOOLEAN",
                                        "Whether two values differ.",
                                        "'a' <> 'b'",
                                        "true",
                                        {"!="}});
  add<Form{.order = true}>(registry, {"<", kFamily, "a < b -> BOOLEAN",
                                      "Whether a comes before b; texts go by their bytes, NaN is "
                                      "above all numbers.",
                                      "'Z' < 'a'", "true"});
  add<Form{.order = true, .swapped = true, .negated = true}>(
      registry,
      {"<=", kFamily, "a <= b -> BOOLEAN", "Whether a is not after b.", "2 <= 2", "true"});
  add<Form{.order = true, .swapped = true}>(
      registry, {">", kFamily, "a > b -> BOOLEAN", "Whether a comes after b.",
                 "DATE '2024-02-29' > '2024-02-28'", "true"});
  add<Form{.order = true, .negated = true}>(
      registry,
      {">=", kFamily, "a >= b -> BOOLEAN", "Whether a is not before b.", "1 >= 2", "false"});
  registry.add(expr::ScalarFunction{
      .doc = {"IS DISTINCT FROM", kFamily, "a IS DISTINCT FROM b -> BOOLEAN",
              "Whether two values differ, NULL being equal to NULL.", "NULL IS DISTINCT FROM 1",
              "true"},
      .overloads = {{.parameters = {Accepts::kCommon, Accepts::kCommon},
                     .result = always(TypeKind::kBoolean),
                     .kernel = plain_kernel(is_distinct),
                     .properties = {.strict = false, .null_result = NullResult::kNever}}},
      .syntax = expr::Syntax::kInfix});
}

}  // namespace millrace::functions
