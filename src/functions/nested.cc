#include <algorithm>

#include "data/bitmap.h"
#include "expr/build.h"
#include "functions/builtin.h"
#include "functions/comparison_loops.h"
#include "functions/family.h"

namespace millrace::functions {
namespace {

constexpr std::string_view kFamily = "array, map and row";
constexpr FunctionProperties kBuilds{.strict = false, .null_result = NullResult::kNever};

// ---- constructors -------------------------------------------------------------------------------

// The arguments of each row one behind the other: row 0's first, …, row 0's last, row 1's first, …
ColumnPtr interleave(std::vector<ColumnPtr> columns, uint32_t rows) {
  for (ColumnPtr& column : columns) column = data::flatten(column);
  const auto count = static_cast<uint32_t>(columns.size());
  std::vector<uint32_t> places(size_t{rows} * count);
  for (uint32_t row = 0; row < rows; ++row) {
    for (uint32_t at = 0; at < count; ++at) places[row * count + at] = at * rows + row;
  }
  return data::gather(data::concatenate(columns), places.data(), rows * count);
}

Buffer even_offsets(uint32_t rows, uint32_t count, MemoryAccount* memory) {
  Buffer offsets = Buffer::allocate((size_t{rows} + 1) * sizeof(uint32_t), memory);
  for (uint32_t row = 0; row <= rows; ++row) offsets.mutable_as<uint32_t>()[row] = row * count;
  return offsets;
}

ColumnPtr make_array(KernelCall& call) {
  const uint32_t rows = call.rows.physical;
  const auto count = static_cast<uint32_t>(call.arguments.size());
  ColumnPtr elements = interleave({call.arguments.begin(), call.arguments.end()}, rows);
  return Column::flat({.type = call.result,
                       .rows = rows,
                       .values = even_offsets(rows, count, call.memory),
                       .children = {std::move(elements)}});
}

ColumnPtr make_map(KernelCall& call) {
  const uint32_t rows = call.rows.physical;
  std::vector<ColumnPtr> keys;
  std::vector<ColumnPtr> values;
  for (size_t at = 0; at + 1 < call.arguments.size(); at += 2) {
    const NullReader is_null(call.argument(at));
    call.rows.for_each([&](uint32_t row) {
      if (is_null[row]) call.fail(row, ErrorCode::kNullNotAllowed, "a map's key is not NULL");
    });
    keys.push_back(call.arguments[at]);
    values.push_back(call.arguments[at + 1]);
  }
  const auto count = static_cast<uint32_t>(keys.size());
  ColumnPtr entries = Column::flat(
      {.type = Type::row(call.result.fields()),
       .rows = rows * count,
       .children = {interleave(std::move(keys), rows), interleave(std::move(values), rows)}});
  return Column::flat({.type = call.result,
                       .rows = rows,
                       .values = even_offsets(rows, count, call.memory),
                       .children = {std::move(entries)}});
}

ColumnPtr make_row(KernelCall& call) {
  return Column::flat({.type = call.result,
                       .rows = call.rows.physical,
                       .children = {call.arguments.begin(), call.arguments.end()}});
}

std::optional<Type> array_type(std::span<const Type> types) {
  return Type::array(types[0]);
}

// Keys of one type and values of one type.
std::optional<Type> map_type(std::span<const Type> types) {
  if (types.size() % 2 != 0) return std::nullopt;
  for (size_t at = 2; at < types.size(); ++at) {
    if (!(types[at] == types[at - 2])) return std::nullopt;
  }
  return Type::map(types[0], types[1]);
}

std::optional<Type> row_type(std::span<const Type> types) {
  std::vector<data::Field> fields;
  for (const Type& type : types) fields.push_back({"f" + std::to_string(fields.size()), type});
  return Type::row(std::move(fields));
}

// Brings keys to their common type, and values to theirs.
Result<expr::ExpressionPtr> expand_map(const FunctionRegistry& registry,
                                       std::vector<expr::ExpressionPtr> arguments) {
  if (arguments.size() % 2 != 0 || arguments.empty()) {
    return Error(ErrorCode::kTypeMismatch, "a map is made of keys and values in turn");
  }
  std::vector<expr::ExpressionPtr> parts[2];
  for (size_t at = 0; at < arguments.size(); ++at) parts[at % 2].push_back(arguments[at]);
  for (auto& part : parts) part = MILLRACE_TRY(expr::unify(std::move(part)));
  for (size_t at = 0; at < arguments.size(); ++at) arguments[at] = parts[at % 2][at / 2];
  return registry.call("MAP", std::move(arguments));
}

// ---- access -------------------------------------------------------------------------------------

bool same_value(const Column& a, uint32_t a_row, const Column& b, uint32_t b_row) {
  if (a.is_null(a_row)) return false;
  switch (a.width()) {
    case Width::kView:
      return a.text(a_row) == b.text(b_row);
    case Width::k32:
      return Reader<int32_t>(a)[a_row] == Reader<int32_t>(b)[b_row];
    case Width::k64:
      return Reader<int64_t>(a)[a_row] == Reader<int64_t>(b)[b_row];
    default:
      return data::compare(a.value(a_row), b.value(b_row), a.type()) == 0;
  }
}

// The lists of a flat or constant ARRAY or MAP column, and their elements, flat.
class ListReader {
 public:
  explicit ListReader(const Column& column)
      : offsets_(column.data<uint32_t>()), mask_(column.is_flat() ? ~uint32_t{0} : 0) {
    const Column& child = *column.children()[0];
    if (column.type().kind() == TypeKind::kMap) {
      const ColumnPtr entries =
          child.is_flat() ? column.children()[0] : data::flatten(column.children()[0]);
      keys_ = data::flatten(entries->children()[0]);
      elements_ = data::flatten(entries->children()[1]);
    } else {
      elements_ = data::flatten(column.children()[0]);
    }
  }
  uint32_t first(uint32_t row) const { return offsets_[row & mask_]; }
  uint32_t end(uint32_t row) const { return offsets_[(row & mask_) + 1]; }
  // A MAP's values.
  const ColumnPtr& elements() const { return elements_; }
  const ColumnPtr& keys() const { return keys_; }

 private:
  const uint32_t* offsets_;
  uint32_t mask_;
  ColumnPtr elements_;
  ColumnPtr keys_;
};

// One element per row: find(row) tells which, or nullopt for NULL.
template <class Find>
ColumnPtr pick_elements(KernelCall& call, const ListReader& lists, Find&& find) {
  const uint32_t rows = call.rows.physical;
  if (lists.elements()->rows() == 0) return Column::nulls(call.result, rows);
  std::vector<uint32_t> places(rows, 0);
  Buffer found = Buffer::zeroed(data::bitmap_bytes(rows), call.memory);
  call.rows.for_each([&](uint32_t row) {
    const std::optional<uint32_t> place = find(row);
    if (!place) return;
    places[row] = *place;
    data::set_bit(found.mutable_as<uint64_t>(), row);
  });
  const ColumnPtr column = data::flatten(data::gather(lists.elements(), places.data(), rows));
  if (column->width() == Width::kNone) return column;
  if (const uint64_t* const valid = column->validity_words()) {
    auto* const words = found.mutable_as<uint64_t>();
    for (size_t word = 0; word < data::bitmap_words(rows); ++word) words[word] &= valid[word];
  }
  return column->with_validity(std::move(found));
}

ColumnPtr array_element(KernelCall& call) {
  const ListReader lists(call.argument(0));
  const Reader<int64_t> indices(call.argument(1));
  return pick_elements(call, lists, [&](uint32_t row) -> std::optional<uint32_t> {
    const int64_t index = indices[row];
    const uint32_t first = lists.first(row);
    if (index < 1 || index > int64_t{lists.end(row)} - first) return std::nullopt;
    return first + static_cast<uint32_t>(index - 1);
  });
}

ColumnPtr map_value(KernelCall& call) {
  const ListReader lists(call.argument(0));
  const Column& wanted = call.argument(1);
  return pick_elements(call, lists, [&](uint32_t row) -> std::optional<uint32_t> {
    for (uint32_t at = lists.first(row); at < lists.end(row); ++at) {
      if (same_value(*lists.keys(), at, wanted, row)) return at;
    }
    return std::nullopt;
  });
}

std::optional<Type> element_type(std::span<const Type> types) {
  return types[0].fields()[0].type;
}
std::optional<Type> value_type(std::span<const Type> types) {
  if (!(types[0].fields()[0].type == types[1])) return std::nullopt;
  return types[0].fields()[1].type;
}

// m[k] where k is not yet of the map's key type.
Result<expr::ExpressionPtr> expand_subscript(const FunctionRegistry& registry,
                                             std::vector<expr::ExpressionPtr> arguments) {
  const Type& type = arguments[0]->type();
  const bool is_map = arguments.size() == 2 && type.kind() == TypeKind::kMap;
  if (!is_map || arguments[1]->type() == type.fields()[0].type) {
    return Error(ErrorCode::kTypeMismatch,
                 "[ ] takes an element of an ARRAY by its number or a value of a MAP by its key, "
                 "not of " +
                     type.to_string());
  }
  arguments[1] = MILLRACE_TRY(expr::convert(arguments[1], type.fields()[0].type));
  return registry.call("SUBSCRIPT", std::move(arguments));
}

ColumnPtr cardinality(KernelCall& call) {
  const Column& column = call.argument(0);
  const auto* const offsets = column.data<uint32_t>();
  const uint32_t mask = column.is_flat() ? ~uint32_t{0} : 0;
  return fixed_rows<int32_t>(call, [&](uint32_t row) {
    return static_cast<int32_t>(offsets[(row & mask) + 1] - offsets[row & mask]);
  });
}

// The number of the element, from 1; 0: none is equal.
uint32_t position_in(const ListReader& lists, const Column& wanted, uint32_t row) {
  for (uint32_t at = lists.first(row); at < lists.end(row); ++at) {
    if (same_value(*lists.elements(), at, wanted, row)) return at - lists.first(row) + 1;
  }
  return 0;
}

ColumnPtr array_contains(KernelCall& call) {
  const ListReader lists(call.argument(0));
  return boolean_rows(call, false,
                      [&](uint32_t row) { return position_in(lists, call.argument(1), row) != 0; });
}

ColumnPtr array_position(KernelCall& call) {
  const ListReader lists(call.argument(0));
  return fixed_rows<int32_t>(call, [&](uint32_t row) {
    return static_cast<int32_t>(position_in(lists, call.argument(1), row));
  });
}

// A function over an array and something of its element type: its result, or that it does not fit.
expr::ResultType with_element(Type result) {
  return [result](std::span<const Type> types) -> std::optional<Type> {
    if (!(types[0].fields()[0].type == types[1])) return std::nullopt;
    return result;
  };
}

expr::Expand convert_element(std::string_view name) {
  return [name](const FunctionRegistry& registry,
                std::vector<expr::ExpressionPtr> arguments) -> Result<expr::ExpressionPtr> {
    const bool fits = arguments.size() == 2 && arguments[0]->type().kind() == TypeKind::kArray;
    const Type element = fits ? arguments[0]->type().fields()[0].type : Type();
    if (!fits || arguments[1]->type() == element) {
      return Error(ErrorCode::kTypeMismatch, "an ARRAY and one of its elements are expected");
    }
    arguments[1] = MILLRACE_TRY(expr::convert(arguments[1], element));
    return registry.call(name, std::move(arguments));
  };
}

// The keys or the values of a map, as an array with the map's offsets.
template <size_t kField>
ColumnPtr map_part(KernelCall& call) {
  const ColumnPtr map = data::flatten(call.arguments[0]);
  const ColumnPtr entries = data::flatten(map->children()[0]);
  ColumnPtr part = data::slice(entries->children()[kField], 0, entries->rows());
  return Column::flat({.type = call.result,
                       .rows = map->rows(),
                       .values = map->values(),
                       .validity = map->validity(),
                       .children = {std::move(part)}});
}

template <size_t kField>
std::optional<Type> map_part_type(std::span<const Type> types) {
  return Type::array(types[0].fields()[kField].type);
}

void register_constructors(FunctionRegistry& registry) {
  registry.add(
      expr::ScalarFunction{.doc = {"ARRAY", kFamily, "ARRAY[a, b, ...] -> ARRAY<common type>",
                                   "An array.", "ARRAY(1, 2.5)", "[1.0, 2.5]"},
                           .overloads = {{.parameters = {Accepts::kCommon},
                                          .result = array_type,
                                          .kernel = plain_kernel(make_array),
                                          .properties = kBuilds,
                                          .variadic = true}}});
  registry.add(expr::ScalarFunction{
      .doc = {"MAP", kFamily, "MAP[key, value, ...] -> MAP<key type, value type>", "A map.",
              "MAP('a', 1, 'b', 2)", "{'a': 1, 'b': 2}"},
      .overloads =
          {{.parameters = {Accepts::kAny, Accepts::kAny},
            .result = map_type,
            .kernel = plain_kernel(make_map),
            .properties = {.strict = false, .null_result = NullResult::kNever, .may_fail = true},
            .variadic = true}},
      .expand = expand_map});
  registry.add(expr::ScalarFunction{.doc = {"ROW", kFamily, "ROW(a, b, ...) -> ROW<f0, f1, ...>",
                                            "A row of these values.", "ROW(1, 'a')", "(1, 'a')"},
                                    .overloads = {{.parameters = {Accepts::kAny},
                                                   .result = row_type,
                                                   .kernel = plain_kernel(make_row),
                                                   .properties = kBuilds,
                                                   .variadic = true}}});
}

}  // namespace

void register_nested(FunctionRegistry& registry) {
  register_constructors(registry);
  registry.add(expr::ScalarFunction{
      .doc = {"SUBSCRIPT", kFamily, "array[number], map[key] -> element or value type",
              "The element with this number, from 1, or the value of a key; NULL if there is none.",
              "SUBSCRIPT(ARRAY('a', 'b'), 2)", "b"},
      .overloads = {{.parameters = {Accepts::kArray, TypeKind::kBigint},
                     .result = element_type,
                     .kernel = plain_kernel(array_element),
                     .properties = kMakesNulls},
                    {.parameters = {Accepts::kMap, Accepts::kAny},
                     .result = value_type,
                     .kernel = plain_kernel(map_value),
                     .properties = kMakesNulls}},
      .syntax = expr::Syntax::kSubscript,
      .expand = expand_subscript});
  registry.add(expr::ScalarFunction{
      .doc = {"CARDINALITY", kFamily, "CARDINALITY(array | map) -> INT",
              "The number of elements or entries.", "CARDINALITY(ARRAY(7, NULL))", "2"},
      .overloads = {{.parameters = {Accepts::kArray},
                     .result = always(TypeKind::kInt),
                     .kernel = plain_kernel(cardinality)},
                    {.parameters = {Accepts::kMap},
                     .result = always(TypeKind::kInt),
                     .kernel = plain_kernel(cardinality)}}});
  registry.add(expr::ScalarFunction{
      .doc = {"ARRAY_CONTAINS", kFamily, "ARRAY_CONTAINS(array, element) -> BOOLEAN",
              "Whether an element is equal to this.", "ARRAY_CONTAINS(ARRAY(1, 2), 2)", "true"},
      .overloads = {{.parameters = {Accepts::kArray, Accepts::kAny},
                     .result = with_element(TypeKind::kBoolean),
                     .kernel = plain_kernel(array_contains)}},
      .expand = convert_element("ARRAY_CONTAINS")});
  registry.add(expr::ScalarFunction{
      .doc = {"ARRAY_POSITION", kFamily, "ARRAY_POSITION(array, element) -> INT",
              "The number of the first element equal to this, from 1; 0 if there is none.",
              "ARRAY_POSITION(ARRAY('a', 'b'), 'b')", "2"},
      .overloads = {{.parameters = {Accepts::kArray, Accepts::kAny},
                     .result = with_element(TypeKind::kInt),
                     .kernel = plain_kernel(array_position)}},
      .expand = convert_element("ARRAY_POSITION")});
  registry.add(expr::ScalarFunction{
      .doc = {"MAP_KEYS", kFamily, "MAP_KEYS(map) -> ARRAY<key type>", "The keys of a map.",
              "MAP_KEYS(MAP('a', 1, 'b', 2))", "['a', 'b']"},
      .overloads = {{.parameters = {Accepts::kMap},
                     .result = map_part_type<0>,
                     .kernel = plain_kernel(map_part<0>)}}});
  registry.add(expr::ScalarFunction{
      .doc = {"MAP_VALUES", kFamily, "MAP_VALUES(map) -> ARRAY<value type>", "The values of a map.",
              "MAP_VALUES(MAP('a', 1, 'b', 2))", "[1, 2]"},
      .overloads = {{.parameters = {Accepts::kMap},
                     .result = map_part_type<1>,
                     .kernel = plain_kernel(map_part<1>)}}});
}

}  // namespace millrace::functions
