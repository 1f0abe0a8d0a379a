#include "plan/logical/join_bounds.h"

#include <algorithm>
#include <limits>

#include "expr/build.h"
#include "expr/evaluator.h"

namespace millrace::plan {
namespace {

using expr::Expression;
using expr::ExpressionPtr;

constexpr int64_t kMs = 1'000;
// Longer distances are as good as none.
constexpr int64_t kDistanceMax = std::numeric_limits<int64_t>::max() / 8;

// Rows to come have at least watermark + ahead_us in the column.
struct TimeColumn {
  int64_t ahead_us = 0;
  bool of_window = false;
};

// Null: the watermark says nothing about the column.
std::optional<TimeColumn> time_column(const Properties& properties, uint32_t column) {
  for (const WindowColumns& window : properties.windows) {
    // A window that takes rows ends behind the watermark, by 1 µs at least.
    if (column == window.end) return TimeColumn{1, true};
    if (column == window.start) return TimeColumn{1 - window.window.size_us, true};
    if (window.time && column == *window.time) return TimeColumn{1 - kMs, true};
  }
  if (properties.is_time_column(column)) return TimeColumn{0, false};
  return std::nullopt;
}

// column + offset.
struct Shifted {
  uint32_t column = 0;
  int64_t offset_us = 0;
};

std::optional<int64_t> interval_of(const Expression& expression) {
  const auto* literal = expression.as<expr::Literal>();
  if (literal == nullptr || literal->value.is_null()) return std::nullopt;
  if (expression.type().kind() != data::TypeKind::kIntervalDay) return std::nullopt;
  const int64_t us = literal->value.integer();
  return us < kDistanceMax && us > -kDistanceMax ? std::optional(us) : std::nullopt;
}

bool is_timestamp(const data::Type& type) {
  return type.kind() == data::TypeKind::kTimestamp || type.kind() == data::TypeKind::kTimestampLtz;
}

// Null: it is not that simple.
std::optional<Shifted> shifted(const Expression& expression) {
  if (!is_timestamp(expression.type())) return std::nullopt;
  if (const auto* column = expression.as<expr::ColumnRef>()) return Shifted{column->index, 0};
  const auto* call = expression.as<expr::Call>();
  if (call == nullptr || call->arguments.size() != 2) return std::nullopt;
  const std::string_view name = call->function->name;
  if (name != "+" && name != "-") return std::nullopt;
  const Expression& first = *call->arguments[0];
  const Expression& second = *call->arguments[1];
  if (const auto us = interval_of(second)) {
    auto inner = shifted(first);
    if (inner) inner->offset_us += name == "+" ? *us : -*us;
    return inner;
  }
  const auto us = interval_of(first);
  if (!us || name != "+") return std::nullopt;
  auto inner = shifted(second);
  if (inner) inner->offset_us += *us;
  return inner;
}

// left.column - right.column >= least_us, and <= most_us, as far as known.
struct Distance {
  uint32_t left = 0;
  uint32_t right = 0;
  std::optional<int64_t> least_us;
  std::optional<int64_t> most_us;
};

class Bounds {
 public:
  Bounds(const Properties& left, const Properties& right) : left_(left), right_(right) {}

  void add(const Distance& distance) {
    const auto left = time_column(left_, distance.left);
    const auto right = time_column(right_, distance.right);
    if (!left || !right) return;
    const bool fine = !left->of_window || !right->of_window;
    if (distance.least_us && !bounds_.left.expires) {
      bounds_.left.expires = {distance.left, -*distance.least_us - right->ahead_us};
      bounds_.right.late = {distance.right, -right->ahead_us};
      bounds_.finer_than_windows |= fine;
    }
    if (distance.most_us && !bounds_.right.expires) {
      bounds_.right.expires = {distance.right, *distance.most_us - left->ahead_us};
      bounds_.left.late = {distance.left, -left->ahead_us};
      bounds_.finer_than_windows |= fine;
    }
  }
  const JoinBounds& bounds() const { return bounds_; }

 private:
  const Properties& left_;
  const Properties& right_;
  JoinBounds bounds_;
};

// One comparison of the condition; left columns come before `width`.
std::optional<Distance> distance_of(const Expression& condition, uint32_t width) {
  const auto* call = condition.as<expr::Call>();
  if (call == nullptr || call->arguments.size() != 2) return std::nullopt;
  const std::string_view name = call->function->name;
  const bool at_least = name == ">=" || name == ">";
  const bool at_most = name == "<=" || name == "<";
  const bool equal = name == "=";
  if (!at_least && !at_most && !equal) return std::nullopt;
  auto a = shifted(*call->arguments[0]);
  auto b = shifted(*call->arguments[1]);
  if (!a || !b || (a->column < width) == (b->column < width)) return std::nullopt;
  const bool swapped = a->column >= width;
  if (swapped) std::swap(a, b);
  // a + x >= b + y: a - b >= y - x.
  Distance distance{.left = a->column, .right = b->column - width, .least_us = {}, .most_us = {}};
  const int64_t bound = b->offset_us - a->offset_us;
  if (equal || (swapped ? at_most : at_least)) distance.least_us = bound;
  if (equal || (swapped ? at_least : at_most)) distance.most_us = bound;
  return distance;
}

}  // namespace

JoinBounds join_bounds(const Join& join, const std::vector<NodePtr>& inputs) {
  const Properties& left = inputs[0]->properties;
  const Properties& right = inputs[1]->properties;
  // The retraction of an old row is not late, and must find it.
  if (!left.append_only() || !right.append_only()) return {};
  Bounds bounds(left, right);
  for (const JoinKey& key : join.keys) {
    if (key.nulls_equal) continue;
    bounds.add({.left = key.left, .right = key.right, .least_us = 0, .most_us = 0});
  }
  if (join.residual == nullptr) return bounds.bounds();
  const auto width = static_cast<uint32_t>(inputs[0]->schema->columns());
  for (const ExpressionPtr& conjunct : expr::conjuncts(expr::fold_constants(join.residual))) {
    if (const auto distance = distance_of(*conjunct, width)) bounds.add(*distance);
  }
  return bounds.bounds();
}

}  // namespace millrace::plan
