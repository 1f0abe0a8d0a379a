#include "expr/build.h"
#include "functions/builtin.h"
#include "functions/comparison_loops.h"
#include "functions/family.h"

namespace millrace::functions {
namespace {

using expr::ExpressionPtr;
using Arguments = std::vector<ExpressionPtr>;

Error wrong_count(std::string_view signature) {
  return Error(ErrorCode::kFunctionNotFound, "the number of arguments does not fit")
      .remedy("It is " + std::string(signature) + ".");
}

constexpr std::string_view kIf = "IF(condition, a, b) -> type of a and b";
constexpr std::string_view kNullIf = "NULLIF(a, b) -> type of a";
constexpr std::string_view kIfNull = "IFNULL(a, b) -> type of a and b";

Result<ExpressionPtr> expand_if(const FunctionRegistry&, Arguments arguments) {
  if (arguments.size() != 3) return wrong_count(kIf);
  return expr::make_case({{arguments[0], arguments[1]}}, arguments[2]);
}

Result<ExpressionPtr> expand_null_if(const FunctionRegistry& registry, Arguments arguments) {
  if (arguments.size() != 2) return wrong_count(kNullIf);
  const ExpressionPtr kept = arguments[0];
  ExpressionPtr same = MILLRACE_TRY(registry.call("=", std::move(arguments)));
  return expr::make_case({{std::move(same), expr::make_null(kept->type())}}, kept);
}

Result<ExpressionPtr> expand_if_null(const FunctionRegistry&, Arguments arguments) {
  if (arguments.size() != 2) return wrong_count(kIfNull);
  return expr::make_coalesce(std::move(arguments));
}

Result<ExpressionPtr> expand_coalesce(const FunctionRegistry&, Arguments arguments) {
  return expr::make_coalesce(std::move(arguments));
}

// Of two columns the greater (or smaller) of each row; a NULL loses against a value.
class ExtremeKernel : public Kernel {
 public:
  explicit ExtremeKernel(bool greatest) : greatest_(greatest) {}

  ColumnPtr run(KernelCall& call) override {
    ColumnPtr best = data::flatten(call.arguments[0]);
    for (size_t at = 1; at < call.arguments.size(); ++at) {
      best = pick(call, best, data::flatten(call.arguments[at]));
    }
    return best;
  }

 private:
  // One column holds all rows of both, and each row names one of the two.
  ColumnPtr pick(KernelCall& call, const ColumnPtr& a, const ColumnPtr& b) const {
    const uint32_t rows = call.rows.physical;
    const NullReader a_null(*a);
    const NullReader b_null(*b);
    std::vector<uint32_t> places(rows, 0);
    with_pair(*a, *b, [&](const auto& pair) {
      call.rows.for_each([&](uint32_t row) {
        bool second = a_null[row];
        if (!second && !b_null[row]) {
          const bool a_less = pair.less(row);
          second = greatest_ ? a_less : !a_less && !pair.same(row);
        }
        places[row] = second ? rows + row : row;
      });
    });
    return data::gather(data::concatenate({a, b}), places.data(), rows);
  }

  bool greatest_;
};

expr::MakeKernel extreme_kernel(bool greatest) {
  return [greatest](const KernelContext&) -> Result<std::unique_ptr<Kernel>> {
    return std::make_unique<ExtremeKernel>(greatest);
  };
}

void add_extreme(FunctionRegistry& registry, FunctionDoc doc, bool greatest) {
  registry.add(expr::ScalarFunction{.doc = std::move(doc),
                                    .overloads = {{.parameters = {Accepts::kCommon},
                                                   .result = same_as(),
                                                   .kernel = extreme_kernel(greatest),
                                                   .properties = {.strict = false},
                                                   .variadic = true}}});
}

}  // namespace

void register_conditionals(FunctionRegistry& registry) {
  constexpr std::string_view kFamily = "conditional";
  registry.add(
      expr::ScalarFunction{.doc = {"IF", kFamily, kIf, "a where the condition is TRUE, else b.",
                                   "IF(1 < 2, 'yes', 'no')", "yes"},
                           .expand = expand_if});
  registry.add(expr::ScalarFunction{
      .doc = {"NULLIF", kFamily, kNullIf, "NULL where a equals b, else a.", "NULLIF(5, 5)", "NULL"},
      .expand = expand_null_if});
  registry.add(expr::ScalarFunction{
      .doc =
          {"IFNULL", kFamily, kIfNull, "a, or b where a is NULL.", "IFNULL(NULL, 7)", "7", {"NVL"}},
      .expand = expand_if_null});
  registry.add(expr::ScalarFunction{
      .doc = {"COALESCE", kFamily, "COALESCE(a, b, ...) -> common type",
              "The first argument that is not NULL.", "COALESCE(NULL, 'x', 'y')", "x"},
      .expand = expand_coalesce});
  add_extreme(registry,
              {"GREATEST", kFamily, "GREATEST(a, b, ...) -> common type",
               "The greatest argument; NULLs are left out.", "GREATEST(3, NULL, 7.5)", "7.5"},
              true);
  add_extreme(registry,
              {"LEAST", kFamily, "LEAST(a, b, ...) -> common type",
               "The smallest argument; NULLs are left out.", "LEAST('b', 'a', NULL)", "a"},
              false);
}

}  // namespace millrace::functions
