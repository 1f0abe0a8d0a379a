#include <fmt/core.h>

#include <algorithm>
#include <map>

#include "expr/build.h"
#include "plan/bind/bind_literal.h"
#include "plan/bind/bind_query.h"
#include "sql/ast/statement.h"
#include "sql/print.h"

namespace millrace::plan {
namespace {

using expr::ExpressionPtr;

// Columns from here on stand for results of the aggregation while SELECT and HAVING are bound.
constexpr uint32_t kCallsFrom = 1U << 24;
constexpr uint32_t kWindowFrom = 1U << 25;  // start, end, time
constexpr int64_t kWindowTimeBeforeEndUs = 1'000;

std::string upper(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::toupper(c); });
  return text;
}

// TUMBLE(ts, …), HOP(ts, …) and the functions that read their windows, as GROUP BY knew them.
bool is_group_window(const std::string& name) {
  return name == "TUMBLE" || name == "HOP";
}

std::optional<uint32_t> window_part(const std::string& name) {
  if (!name.starts_with("TUMBLE_") && !name.starts_with("HOP_")) return std::nullopt;
  const std::string part = name.substr(name.find('_') + 1);
  if (part == "START") return 0;
  if (part == "END") return 1;
  if (part == "ROWTIME") return 2;
  return std::nullopt;
}

}  // namespace

// Grouping: GROUP BY, what is computed per group, and how the expressions of SELECT and HAVING
// become expressions over the groups. Columns of the aggregation's input are made on demand.
class QueryBinder::Grouping {
 public:
  Grouping(QueryBinder& binder, BoundRelation from)
      : binder_(binder),
        text_(binder.text_),
        from_(std::move(from)),
        plain_(binder.expressions(from_.scope)),
        inside_(binder.context_.functions, binder.context_.dialect, from_.scope, binder.text_,
                [this](const sql::Call& call, sql::Span span) { return special(call, span); }) {}

  const Scope& scope() const { return from_.scope; }

  Result<void> group_by(const sql::Select& select) {
    std::vector<const sql::Expression*> keys;
    for (const sql::GroupingElement& element : select.group_by) {
      if (element.kind == sql::GroupingKind::kSet) {
        for (const sql::Expression& key : element.expressions) keys.push_back(&key);
      } else if (element.kind == sql::GroupingKind::kExpression) {
        keys.push_back(&element.expressions.front());
      } else {
        return binder_.refused(element.span, "GROUPING SETS, ROLLUP and CUBE");
      }
    }
    for (const sql::Expression* key : keys) MILLRACE_TRY(add_key(*key, select));
    return find_window_columns();
  }

  Result<void> emit(const std::optional<sql::Emit>& emit) {
    if (!emit) return {};
    if (!window_) {
      return binder_.refused(emit->span, "EMIT where GROUP BY has no window_start and window_end");
    }
    if (emit->early == sql::EarlyEmit::kOnUpdate) window_->emit.early = Emit::Early::kOnUpdate;
    if (emit->early == sql::EarlyEmit::kEvery) {
      window_->emit.early = Emit::Early::kEvery;
      window_->emit.every_us = MILLRACE_TRY(positive_us(*emit->early_interval));
    }
    if (emit->early == sql::EarlyEmit::kAfter) {
      MILLRACE_TRY(after_rows(*emit));
    }
    if (emit->late_into) MILLRACE_TRY(late_into(*emit->late_into));
    if (emit->allowed_lateness) {
      window_->emit.allowed_lateness_us = MILLRACE_TRY(positive_us(*emit->allowed_lateness));
    }
    return emit->discarding ? discard(emit->span) : Result<void>();
  }

  // An expression of SELECT or HAVING, over the aggregation's output.
  Result<ExpressionPtr> bind(const sql::Expression& expression) {
    const ExpressionPtr bound = MILLRACE_TRY(inside_.bind(expression));
    ExpressionPtr over = over_groups(bound);
    if (over != nullptr) return over;
    return text_
        .error(
            ErrorCode::kNotGrouped, expression.span,
            fmt::format("'{}' is neither grouped nor inside an aggregate", sql::print(expression)))
        .remedy("Add it to GROUP BY, or put an aggregate around it.");
  }

  // The aggregation; nothing more is bound after it.
  NodePtr finish() {
    std::vector<data::Field> fields;
    Aggregate aggregate;
    for (const ExpressionPtr& key : keys_) {
      aggregate.keys.push_back(input_column(key));
      fields.push_back({name_of(key), key->type(), key->nullable()});
    }
    if (window_) {
      window_->time_column = input_column(time_);
      for (const char* name : {"window_start", "window_end", "window_time"}) {
        fields.push_back({name, data::Type::timestamp(3), false});
      }
      aggregate.window = window_;
    }
    for (Pending& pending : calls_) {
      AggregateCall& call = pending.call;
      for (const ExpressionPtr& argument : pending.arguments) {
        call.arguments.push_back(input_column(argument));
      }
      if (pending.filter != nullptr) call.filter = input_column(pending.filter);
      fields.push_back({std::move(pending.text), call.type, true});
      aggregate.calls.push_back(std::move(call));
    }
    if (inputs_.empty()) input_column(expr::make_boolean(true));
    NodePtr input = project(from_.node, inputs_, input_names_);
    NodePtr node =
        make_node(std::move(aggregate), {std::move(input)}, data::make_schema(std::move(fields)));
    if (late_) add_late_rows(node);
    return node;
  }

 private:
  bool hops() const { return window_->window.slide_us != window_->window.size_us; }

  Result<void> after_rows(const sql::Emit& emit) {
    const auto refuse = [&](std::string_view what, std::string_view why) {
      return binder_.refused(emit.span, fmt::format("EMIT EARLY AFTER n ROWS {}", what))
          .remedy(fmt::format("{} EARLY EVERY INTERVAL or ON UPDATE can be used instead.", why));
    };
    if (hops()) {
      return refuse("of hopping windows",
                    "A row is counted once for all the windows it is in, so none of them counts "
                    "its own.");
    }
    if (emit.discarding) {
      return refuse("with DISCARDING", "The rows since the last result are not kept apart.");
    }
    if (!from_.node->properties.append_only()) {
      return refuse("over rows that change", "A change is no further row.");
    }
    if (emit.early_rows == 0) {
      return text_.error(ErrorCode::kInvalidLiteral, emit.span, "a number of rows is 1 or more");
    }
    window_->emit.early = Emit::Early::kAfterRows;
    window_->emit.after_rows = static_cast<int64_t>(emit.early_rows);
    return {};
  }

  Result<void> discard(sql::Span span) {
    Emit& emit = window_->emit;
    if (!from_.node->properties.append_only()) {
      return binder_.refused(span, "EMIT DISCARDING over rows that change");
    }
    // Without either every window gives its rows once.
    if (emit.early == Emit::Early::kNone && emit.allowed_lateness_us == 0) return {};
    if (emit.early == Emit::Early::kNone && hops()) {
      return binder_.refused(span, "EMIT DISCARDING of hopping windows without EARLY");
    }
    emit.discarding = true;
    return {};
  }

  Result<int64_t> positive_us(const sql::Expression& interval) const {
    const int64_t us = MILLRACE_TRY(interval_us(interval, text_));
    if (us > 0) return us;
    return text_.error(ErrorCode::kInvalidLiteral, interval.span,
                       "an interval of EMIT is longer than nothing");
  }

  // The columns of the target that are filled, from the columns of FROM with their names.
  Result<void> late_into(const sql::QualifiedName& name) {
    const BindContext& context = binder_.context_;
    if (context.late == nullptr) {
      return binder_.refused(name.span, "LATE INTO in a query that writes into no table");
    }
    const auto relation = context.catalog.find(parts_of(name), context.path);
    if (!relation) {
      return text_.error(relation.error().code(), name.span, relation.error().message())
          .remedy(relation.error().remedy());
    }
    if ((*relation)->table == nullptr) {
      return text_.error(ErrorCode::kNotReadable, name.span, "a view cannot be written to");
    }
    late_.emplace();
    late_->target =
        MILLRACE_TRY(bind_table((*relation)->table, context.functions, context.dialect));
    late_->span = name.span;
    const auto& defined = late_->target->definition->columns;
    for (uint32_t at = 0; at < defined.size(); ++at) {
      if (!catalog::TableDefinition::is_writable(defined[at])) continue;
      const auto column = from_.scope.find(defined[at].name);
      if (!column || column->index >= from_.node->schema->columns()) {
        return text_
            .error(ErrorCode::kColumnNotFound, name.span,
                   fmt::format("late rows have no column '{}'", defined[at].name))
            .remedy("Give the table columns of FROM, with their names.");
      }
      late_->columns.push_back(at);
      input_column(expr::make_column(*from_.node->schema, column->index));
    }
    window_->late_columns = static_cast<uint32_t>(inputs_.size());
    return {};
  }

  void add_late_rows(const NodePtr& aggregate) {
    std::vector<data::Field> fields;
    for (uint32_t at = 0; at < window_->late_columns; ++at) {
      fields.push_back(aggregate->input()->schema->field(at));
    }
    late_->rows = make_node(LateRows{}, {aggregate}, data::make_schema(std::move(fields)));
    binder_.context_.late->push_back(std::move(*late_));
  }

  struct Pending {
    AggregateCall call;
    std::vector<ExpressionPtr> arguments;
    ExpressionPtr filter;
    std::string text;  // "SUM(DISTINCT x)"
  };

  static std::string name_of(const ExpressionPtr& key) {
    const auto* column = key->as<expr::ColumnRef>();
    return column != nullptr ? column->name : expr::to_string(*key);
  }

  static std::string text_of(const Pending& pending) {
    std::string text = pending.call.function + (pending.call.distinct ? "(DISTINCT " : "(");
    if (pending.arguments.empty()) text += "*";
    for (size_t at = 0; at < pending.arguments.size(); ++at) {
      text += (at > 0 ? ", " : "") + name_of(pending.arguments[at]);
    }
    text += ")";
    if (pending.filter != nullptr) text += " FILTER " + expr::to_string(*pending.filter);
    return text;
  }

  uint32_t input_column(const ExpressionPtr& expression) {
    for (uint32_t at = 0; at < inputs_.size(); ++at) {
      if (expr::equal(inputs_[at], expression)) return at;
    }
    inputs_.push_back(expression);
    input_names_.push_back(name_of(expression));
    return static_cast<uint32_t>(inputs_.size() - 1);
  }

  Result<void> add_key(const sql::Expression& key, const sql::Select& select) {
    if (const auto* call = std::get_if<sql::Call>(&key.node)) {
      const std::string name = upper(call->name.parts.back().text);
      if (is_group_window(name)) return set_group_window(name, *call, key.span);
      if (name == "SESSION") return binder_.refused(key.span, "SESSION");
    }
    // A number or an alias means a column of SELECT, unless FROM has a column of the name.
    const sql::Expression* meant = &key;
    std::vector<std::string> names;
    std::vector<const sql::Expression*> items;
    for (const sql::SelectItem& item : select.items) {
      const auto* computed = std::get_if<sql::ComputedItem>(&item);
      names.push_back(computed != nullptr ? output_name(*computed, names.size()) : "");
      items.push_back(computed != nullptr ? &computed->expression : nullptr);
    }
    const auto* column = std::get_if<sql::ColumnRef>(&key.node);
    const bool in_from = column != nullptr && from_.scope.find(column->name.parts.back().text);
    if (!in_from) {
      const auto at = MILLRACE_TRY(binder_.output_column(key, names));
      if (at && items[*at] != nullptr) meant = items[*at];
    }
    ExpressionPtr bound = MILLRACE_TRY(plain_.bind(*meant));
    const bool known = std::ranges::any_of(
        keys_, [&](const ExpressionPtr& other) { return expr::equal(other, bound); });
    if (!known) keys_.push_back(std::move(bound));
    return {};
  }

  Result<void> set_group_window(const std::string& name, const sql::Call& call, sql::Span span) {
    if (window_) return binder_.refused(span, "more than one window in GROUP BY");
    const bool hop = name == "HOP";
    const size_t needed = hop ? 3 : 2;
    if (call.arguments.size() != needed) {
      return text_.error(ErrorCode::kColumnCount, span,
                         fmt::format("{} takes {} arguments here", name, needed));
    }
    time_ = MILLRACE_TRY(plain_.bind(call.arguments[0].value));
    const auto* column = time_->as<expr::ColumnRef>();
    if (column == nullptr || !from_.node->properties.is_time_column(column->index)) {
      return text_
          .error(ErrorCode::kMissingWatermark, call.arguments[0].value.span,
                 "a window needs a column with a watermark")
          .remedy("Declare WATERMARK FOR … AS … in CREATE TABLE, and name its column here.");
    }
    AggregateWindow window;
    window.window.kind = hop ? WindowKind::kHop : WindowKind::kTumble;
    window.window.slide_us = MILLRACE_TRY(interval_us(call.arguments[1].value, text_));
    window.window.size_us =
        hop ? MILLRACE_TRY(interval_us(call.arguments[2].value, text_)) : window.window.slide_us;
    window_ = window;
    return {};
  }

  // GROUP BY window_start, window_end over a window function: the aggregation finds the windows
  // itself.
  Result<void> find_window_columns() {
    const auto* assign = from_.node->as<AssignWindow>();
    const auto* filter = from_.node->as<Filter>();
    if (assign == nullptr && filter != nullptr) {
      assign = from_.node->input()->as<AssignWindow>();
    }
    if (window_) return {};
    if (assign == nullptr) return attach_window();
    const NodePtr windowed = filter != nullptr ? from_.node->input() : from_.node;
    const auto width = static_cast<uint32_t>(windowed->input()->schema->columns());
    const auto is_column = [](const ExpressionPtr& key, uint32_t column) {
      const auto* reference = key->as<expr::ColumnRef>();
      return reference != nullptr && reference->index == column;
    };
    const auto has = [&](uint32_t column) {
      return std::ranges::any_of(keys_, [&](const auto& key) { return is_column(key, column); });
    };
    if (!has(width) || !has(width + 1)) return {};
    if (filter != nullptr && uses_window(filter->predicate, width)) return attach_window();
    std::erase_if(keys_, [&](const ExpressionPtr& key) {
      const auto* reference = key->as<expr::ColumnRef>();
      return reference != nullptr && reference->index >= width;
    });
    AggregateWindow window;
    window.window = assign->window;
    window_ = window;
    first_window_column_ = width;
    time_ = expr::make_column(*windowed->schema, assign->time_column);
    NodePtr rows = windowed->input();
    if (filter != nullptr) {
      const data::SchemaPtr schema = rows->schema;
      rows = make_node(Filter{filter->predicate}, {std::move(rows)}, schema);
    }
    from_.node = std::move(rows);
    return {};
  }

  // GROUP BY window_start, window_end of rows that have their window already, the results of
  // another window's say: final when that window is. No two windows of a kind end within a slide,
  // so the slide in which a row's window ends tells it from the others.
  Result<void> attach_window() {
    const Properties& properties = from_.node->properties;
    if (!properties.append_only()) return {};
    const auto is_key = [&](uint32_t column) {
      return std::ranges::any_of(keys_, [&](const ExpressionPtr& key) {
        const auto* reference = key->as<expr::ColumnRef>();
        return reference != nullptr && reference->index == column;
      });
    };
    for (const WindowColumns& columns : properties.windows) {
      if (!is_key(columns.start) || !is_key(columns.end)) continue;
      const WindowSpec& of = columns.window;
      AggregateWindow window;
      window.window = {.kind = WindowKind::kTumble,
                       .size_us = of.slide_us,
                       .slide_us = of.slide_us,
                       .offset_us = (of.offset_us + of.size_us) % of.slide_us};
      auto time = binder_.context_.functions.call(
          "-",
          {expr::make_column(*from_.node->schema, columns.end),
           expr::make_literal(data::Value(kWindowTimeBeforeEndUs), data::TypeKind::kIntervalDay)},
          binder_.context_.dialect);
      if (!time) return std::move(time).error();
      time_ = std::move(*time);
      window_ = window;
      attached_time_ = columns.time;
      return {};
    }
    return {};
  }

  static bool uses_window(const ExpressionPtr& expression, uint32_t width) {
    const auto columns = expr::columns_of(*expression);
    return !columns.empty() && columns.back() >= width;
  }

  // An aggregate, or a part of a group window; null: neither.
  Result<ExpressionPtr> special(const sql::Call& call, sql::Span span) {
    const std::string name = upper(call.name.parts.back().text);
    if (const auto part = window_part(name)) {
      if (!window_) return text_.error(ErrorCode::kNotGrouped, span, "GROUP BY has no such window");
      return expr::make_column(kWindowFrom + *part, call.name.parts.back().text,
                               data::Type::timestamp(3), false);
    }
    const auto& functions = binder_.context_.functions;
    if (functions.find_aggregate(name, binder_.context_.dialect) == nullptr) return ExpressionPtr();
    if (!call.order_by.empty() || !call.within_group.empty()) {
      return binder_.refused(span, "ORDER BY in an aggregate");
    }
    Pending pending;
    for (const sql::Argument& argument : call.arguments) {
      pending.arguments.push_back(MILLRACE_TRY(plain_.bind(argument.value)));
    }
    if (call.filter) pending.filter = MILLRACE_TRY(plain_.bind_condition(*call.filter, "FILTER"));
    auto bound = functions.aggregate(name, pending.arguments, binder_.context_.dialect);
    if (!bound) {
      return text_.error(bound.error().code(), span, bound.error().message())
          .remedy(bound.error().remedy());
    }
    for (size_t at = 0; at < pending.arguments.size(); ++at) {
      pending.arguments[at] =
          MILLRACE_TRY(expr::convert(pending.arguments[at], (*bound)->arguments[at]));
    }
    pending.call.function = (*bound)->name;
    pending.call.distinct = call.distinct && !(*bound)->traits.ignores_duplicates;
    pending.call.type = (*bound)->result;
    return placeholder(std::move(pending), (*bound)->null_if_empty);
  }

  ExpressionPtr placeholder(Pending pending, bool nullable) {
    size_t at = 0;
    const auto same = [&](const Pending& other) {
      const auto equal_or_none = [](const ExpressionPtr& a, const ExpressionPtr& b) {
        return a == nullptr || b == nullptr ? a == b : expr::equal(a, b);
      };
      return other.call.function == pending.call.function &&
             other.call.distinct == pending.call.distinct &&
             equal_or_none(other.filter, pending.filter) &&
             std::ranges::equal(other.arguments, pending.arguments,
                                [](const auto& a, const auto& b) { return expr::equal(a, b); });
    };
    while (at < calls_.size() && !same(calls_[at])) ++at;
    const data::Type type = pending.call.type;
    std::string name = text_of(pending);
    if (at == calls_.size()) {
      calls_.push_back(std::move(pending));
      calls_.back().text = name;
    }
    return expr::make_column(kCallsFrom + static_cast<uint32_t>(at), std::move(name), type,
                             nullable);
  }

  // Null: a column is neither grouped nor aggregated.
  ExpressionPtr over_groups(const ExpressionPtr& expression) const {
    const auto keys = static_cast<uint32_t>(keys_.size());
    const uint32_t windows = window_ ? 3 : 0;
    for (uint32_t at = 0; at < keys; ++at) {
      if (!expr::equal(keys_[at], expression)) continue;
      return expr::make_column(at, name_of(keys_[at]), expression->type(), expression->nullable());
    }
    if (const auto* column = expression->as<expr::ColumnRef>()) {
      const auto moved = [&](uint32_t to) {
        return expr::make_column(to, column->name, expression->type(), expression->nullable());
      };
      if (column->index >= kWindowFrom) return moved(keys + column->index - kWindowFrom);
      if (column->index >= kCallsFrom) return moved(keys + windows + column->index - kCallsFrom);
      if (attached_time_ == column->index) return moved(keys + 2);
      if (first_window_column_ && column->index >= *first_window_column_) {
        return moved(keys + column->index - *first_window_column_);
      }
      return nullptr;
    }
    std::vector<ExpressionPtr> parts;
    for (const ExpressionPtr& operand : expr::operands(*expression)) {
      parts.push_back(over_groups(operand));
      if (parts.back() == nullptr) return nullptr;
    }
    return parts.empty() ? expression : expr::with_operands(expression, std::move(parts));
  }

  QueryBinder& binder_;
  const sql::SourceText& text_;
  BoundRelation from_;
  const ExpressionBinder plain_;   // inside aggregates and GROUP BY
  const ExpressionBinder inside_;  // outside: aggregates become placeholders
  std::vector<ExpressionPtr> keys_;
  std::optional<AggregateWindow> window_;
  std::optional<uint32_t> first_window_column_;  // of a window function's three
  std::optional<uint32_t> attached_time_;        // window_time of a window that rows had already
  ExpressionPtr time_;
  std::vector<Pending> calls_;
  std::vector<ExpressionPtr> inputs_;
  std::vector<std::string> input_names_;
  std::optional<LateOutput> late_;
};

Result<QueryBinder::Output> QueryBinder::bind_grouped(const sql::Select& select,
                                                      const sql::Query& query, BoundRelation from) {
  Grouping grouping(*this, std::move(from));
  MILLRACE_TRY(grouping.group_by(select));
  MILLRACE_TRY(grouping.emit(select.emit));
  Output output;
  for (const sql::SelectItem& item : select.items) {
    const auto* computed = std::get_if<sql::ComputedItem>(&item);
    if (computed == nullptr) {
      return text_.error(ErrorCode::kNotGrouped, std::get<sql::Star>(item).span,
                         "* cannot stand in a grouped SELECT");
    }
    output.expressions.push_back(MILLRACE_TRY(grouping.bind(computed->expression)));
    output.names.push_back(output_name(*computed, output.names.size()));
  }
  MILLRACE_TRY(bind_order(select, query, output, [&](const sql::Expression& expression) {
    return grouping.bind(expression);
  }));
  ExpressionPtr having;
  if (select.having) having = MILLRACE_TRY(grouping.bind(*select.having));
  output.input = grouping.finish();
  if (having == nullptr) return output;
  if (having->type().kind() != data::TypeKind::kBoolean) {
    return text_.error(ErrorCode::kTypeMismatch, select.having->span, "HAVING needs a BOOLEAN");
  }
  const data::SchemaPtr schema = output.input->schema;
  output.input = make_node(Filter{std::move(having)}, {std::move(output.input)}, schema);
  return output;
}

}  // namespace millrace::plan
