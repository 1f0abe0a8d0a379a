#include "formats/json/json_row_parser.h"

#include <fmt/core.h>
#include <simdjson.h>

#include "data/decimal.h"
#include "formats/json/json_text.h"

namespace millrace::formats {
namespace {

namespace ondemand = simdjson::ondemand;
using data::ColumnBuilder;
using data::Type;
using data::TypeKind;

constexpr size_t kPaddingBytes = 64;  // what Buffers promise
static_assert(simdjson::SIMDJSON_PADDING <= kPaddingBytes);
constexpr size_t kSequenceMax = 256;

struct ObjectPlan;

// How the values of one column, field or element are read.
struct FieldPlan {
  std::string name;
  Type type;
  bool nullable = true;
  std::unique_ptr<ObjectPlan> row;                // ROW
  std::vector<std::unique_ptr<FieldPlan>> parts;  // ARRAY: element; MAP: key, value
};

// The wanted members of an object.
struct ObjectPlan {
  std::vector<FieldPlan> fields;
  std::vector<uint64_t> seen;  // per field: the last object that had it
  uint64_t object = 0;
  // Members in the order in which they usually come, with the field each fills (-1: none).
  struct Member {
    std::string name;
    int field;
  };
  std::vector<Member> sequence;
  size_t next = 0;

  int find(std::string_view name) const {
    for (size_t index = 0; index < fields.size(); ++index) {
      if (fields[index].name == name) return static_cast<int>(index);
    }
    return -1;
  }
};

FieldPlan plan_field(const data::Field& field);

std::unique_ptr<ObjectPlan> plan_object(const std::vector<data::Field>& fields) {
  auto plan = std::make_unique<ObjectPlan>();
  for (const data::Field& field : fields) plan->fields.push_back(plan_field(field));
  plan->seen.assign(fields.size(), 0);
  return plan;
}

FieldPlan plan_field(const data::Field& field) {
  FieldPlan plan{field.name, field.type, field.nullable, nullptr, {}};
  if (field.type.kind() == TypeKind::kRow) {
    plan.row = plan_object(field.type.fields());
  } else {
    for (const data::Field& part : field.type.fields()) {
      plan.parts.push_back(std::make_unique<FieldPlan>(plan_field(part)));
    }
  }
  return plan;
}

std::string_view without_blanks_behind(std::string_view token) {
  while (!token.empty() && static_cast<uint8_t>(token.back()) <= ' ') token.remove_suffix(1);
  return token;
}

// What stands between the quotes of a string token, or null if it has escapes.
std::string_view string_without_escapes(std::string_view token) {
  token = without_blanks_behind(token);
  if (token.size() < 2 || token.back() != '"') return {};
  const std::string_view text = token.substr(1, token.size() - 2);
  return std::memchr(text.data(), '\\', text.size()) == nullptr ? text : std::string_view();
}

// A plain JSON integer of at most 18 digits; false for everything else.
bool parse_plain_integer(std::string_view token, int64_t& value) {
  const bool negative = !token.empty() && token[0] == '-';
  if (negative) token.remove_prefix(1);
  if (token.empty() || token.size() > 18 || (token[0] == '0' && token.size() > 1)) return false;
  uint64_t digits = 0;
  for (const char c : token) {
    const auto digit = static_cast<uint8_t>(c - '0');
    if (digit > 9) return false;
    digits = digits * 10 + digit;
  }
  value = negative ? -static_cast<int64_t>(digits) : static_cast<int64_t>(digits);
  return true;
}

const char* explain(simdjson::error_code error) {
  switch (error) {
    case simdjson::UTF8_ERROR:
      return "it is not valid UTF-8";
    case simdjson::UNCLOSED_STRING:
      return "a string is never closed";
    case simdjson::EMPTY:
      return "there is nothing";
    case simdjson::INCOMPLETE_ARRAY_OR_OBJECT:
      return "a bracket is never closed";
    case simdjson::UNESCAPED_CHARS:
      return "a string has an unescaped control character";
    case simdjson::STRING_ERROR:
      return "a string has a wrong escape";
    case simdjson::NUMBER_ERROR:
      return "a number is not one";
    case simdjson::INCORRECT_TYPE:
      return "it is no object";
    case simdjson::DEPTH_ERROR:
      return "it nests too deeply";
    case simdjson::CAPACITY:
    case simdjson::MEMALLOC:
      return "it is too large";
    default:
      return "commas, colons, brackets or values are not where they belong";
  }
}

}  // namespace

struct JsonRowParser::State {
  State(const DecodeRequest& request, const JsonOptions& options, FieldFailure& failure)
      : plan_(plan_object(request.output_schema()->fields())),
        fail_on_missing_(options.fail_on_missing_field),
        null_on_error_(request.null_on_error || options.null_on_error),
        failure_(failure) {}

  bool parse(std::string_view text, data::BatchBuilder& to) {
    text_end_ = text.data() + text.size();
    ondemand::document document;
    if (const auto error =
            parser_.iterate(text.data(), text.size(), text.size() + kPaddingBytes).get(document)) {
      return malformed(error);
    }
    ondemand::object object;
    if (const auto error = document.get_object().get(object)) return malformed(error);
    path_.clear();
    const auto column = [&](size_t index) -> ColumnBuilder& { return to.column(index); };
    if (!read_members(object, *plan_, column)) return false;
    if (document.current_location().error() != simdjson::OUT_OF_BOUNDS) {
      return fail(ErrorCode::kMalformedRow, "the row is not one JSON object: something follows it");
    }
    to.end_row();
    return true;
  }

  // "a.b" of the field that failed; empty: the row as a whole.
  std::string failed_path() const {
    std::string path;
    for (auto name = path_.rbegin(); name != path_.rend(); ++name) {
      if (!path.empty()) path += '.';
      path += *name;
    }
    return path;
  }

 private:
  bool fail(ErrorCode code, std::string reason) {
    failure_.code = code;
    failure_.reason = std::move(reason);
    return false;
  }

  bool malformed(simdjson::error_code error) {
    is_malformed_ = true;
    path_.clear();
    return fail(ErrorCode::kMalformedRow,
                fmt::format("the row is not one JSON object: {}", explain(error)));
  }

  bool mismatch(std::string_view what, const Type& type) {
    return fail(ErrorCode::kCastFailed, not_a_value(what, type));
  }

  static constexpr int kBadKey = -2;

  // Which field the member with this key fills; -1: none. Tries the usual order first.
  int field_of(ObjectPlan& object, ondemand::field& member) {
    const char* key = member.key().raw();
    const auto room = static_cast<size_t>(text_end_ - key);
    for (size_t at = object.next; at < object.sequence.size(); ++at) {
      const std::string& name = object.sequence[at].name;
      if (name.size() < room && std::memcmp(key, name.data(), name.size()) == 0 &&
          key[name.size()] == '"') {
        object.next = at + 1;
        return object.sequence[at].field;
      }
    }
    std::string_view name;
    if (member.unescaped_key().get(name)) return kBadKey;
    const int field = object.find(name);
    const bool plain = name.find_first_of("\"\\") == std::string_view::npos;
    if (plain && object.sequence.size() < kSequenceMax) {
      object.sequence.insert(object.sequence.begin() + static_cast<ptrdiff_t>(object.next),
                             {std::string(name), field});
      ++object.next;
    }
    return field;
  }

  template <class ColumnAt>
  bool read_members(ondemand::object& object, ObjectPlan& plan, ColumnAt&& column) {
    plan.next = 0;
    const uint64_t stamp = ++plan.object;
    size_t found = 0;
    for (auto&& member : object) {
      ondemand::field field;
      if (const auto error = std::move(member).get(field)) return malformed(error);
      const int index = field_of(plan, field);
      if (index == kBadKey) return malformed(simdjson::STRING_ERROR);
      if (index < 0) continue;
      ColumnBuilder& to = column(static_cast<size_t>(index));
      uint64_t& seen = plan.seen[static_cast<size_t>(index)];
      if (seen == stamp) {
        to.truncate(to.rows() - 1);  // of equal members the last one counts
      } else {
        seen = stamp;
        ++found;
      }
      if (!read_field(field.value(), plan.fields[static_cast<size_t>(index)], to)) return false;
    }
    return found == plan.fields.size() || fill_missing(plan, stamp, column);
  }

  template <class ColumnAt>
  bool fill_missing(ObjectPlan& plan, uint64_t stamp, ColumnAt&& column) {
    for (size_t index = 0; index < plan.fields.size(); ++index) {
      const FieldPlan& field = plan.fields[index];
      if (plan.seen[index] == stamp) continue;
      if (fail_on_missing_ || !field.nullable) {
        path_.push_back(field.name);
        return fail(field.nullable ? ErrorCode::kMalformedRow : ErrorCode::kNullNotAllowed,
                    field.nullable ? "the member is missing"
                                   : "the member is missing, but the column is NOT NULL");
      }
      column(index).append_null();
    }
    return true;
  }

  // Appends exactly one row to `to`, or fails.
  bool read_field(ondemand::value value, FieldPlan& plan, ColumnBuilder& to) {
    const uint32_t rows = to.rows();
    if (read_value(value, plan, to)) return true;
    if (!is_malformed_ && null_on_error_ && plan.nullable) {
      to.truncate(rows);
      path_.clear();
      to.append_null();
      return true;
    }
    if (!is_malformed_) path_.push_back(plan.name);
    return false;
  }

  bool read_value(ondemand::value value, FieldPlan& plan, ColumnBuilder& to) {
    is_malformed_ = false;
    const std::string_view token = value.raw_json_token();
    switch (token.empty() ? '\0' : token[0]) {
      case '"':
        return read_string(value, token, to);
      case '{':
        return read_object(value, plan, to);
      case '[':
        return read_array(value, plan, to);
      case 't':
      case 'f':
      case 'n':
        return read_word(without_blanks_behind(token), plan, to);
      default:
        return read_number(value, without_blanks_behind(token), to);
    }
  }

  bool read_word(std::string_view word, const FieldPlan& plan, ColumnBuilder& to) {
    if (word == "null") {
      if (!plan.nullable) {
        return fail(ErrorCode::kNullNotAllowed, "null, but the column is NOT NULL");
      }
      to.append_null();
      return true;
    }
    if (word != "true" && word != "false") return malformed(simdjson::TAPE_ERROR);
    switch (to.type().kind()) {
      case TypeKind::kBoolean:
        to.append_boolean(word == "true");
        return true;
      case TypeKind::kChar:
      case TypeKind::kVarchar:
        return append_checked_text(to, word, failure_);
      case TypeKind::kJson:
        to.append_text(word);
        return true;
      default:
        return mismatch(word, to.type());
    }
  }

  bool read_string(ondemand::value value, std::string_view token, ColumnBuilder& to) {
    const TypeKind kind = to.type().kind();
    if (kind == TypeKind::kJson) {
      const std::string_view raw = without_blanks_behind(token);
      if (!is_json(raw)) return malformed(simdjson::STRING_ERROR);
      to.append_text(raw);
      return true;
    }
    std::string_view text = string_without_escapes(token);
    if (text.data() == nullptr) {
      if (const auto error = value.get_string().get(text)) return malformed(error);
    }
    if (kind == TypeKind::kVarchar && to.type().precision() == 0) {
      to.append_text(text);
      return true;
    }
    return append_text_as_value(to, text, failure_);
  }

  bool read_number(ondemand::value value, std::string_view token, ColumnBuilder& to) {
    int64_t integer = 0;
    const Type& type = to.type();
    switch (type.kind()) {
      case TypeKind::kBigint:
        if (parse_plain_integer(token, integer)) {
          to.append(integer);
          return true;
        }
        return read_odd_integer(token, to);
      case TypeKind::kTinyint:
      case TypeKind::kSmallint:
      case TypeKind::kInt:
        if (parse_plain_integer(token, integer))
          return append_checked_integer(to, integer, failure_);
        return read_odd_integer(token, to);
      case TypeKind::kDouble: {
        double real = 0;
        if (const auto error = value.get_double().get(real)) return malformed(error);
        to.append(real);
        return true;
      }
      case TypeKind::kTimestamp:
      case TypeKind::kTimestampLtz:
        if (parse_plain_integer(token, integer)) return append_epoch_ms(to, integer, failure_);
        return read_odd_epoch(token, to);
      case TypeKind::kFloat:
      case TypeKind::kDecimal:
      case TypeKind::kChar:
      case TypeKind::kVarchar:
      case TypeKind::kJson:
        if (!is_json(token)) return malformed(simdjson::NUMBER_ERROR);
        return append_text_as_value(to, token, failure_);
      default:
        if (!is_json(token)) return malformed(simdjson::NUMBER_ERROR);
        return mismatch(token, type);
    }
  }

  // "1e3", "5.0", more than 18 digits.
  bool read_odd_integer(std::string_view token, ColumnBuilder& to) {
    constexpr int kScale = 18;
    if (!is_json(token)) return malformed(simdjson::NUMBER_ERROR);
    const auto value = data::parse_decimal(token, kScale);
    if (!value) return append_text_as_value(to, token, failure_);
    if (*value % data::power_of_ten(kScale) != 0) return mismatch(token, to.type());
    return append_text_as_value(to, data::to_string(*value / data::power_of_ten(kScale)), failure_);
  }

  // Milliseconds with a fraction.
  bool read_odd_epoch(std::string_view token, ColumnBuilder& to) {
    if (!is_json(token)) return malformed(simdjson::NUMBER_ERROR);
    const auto value = data::parse_decimal(token, to.type().counts_ns() ? 6 : 3);
    if (!value || *value > INT64_MAX || *value < INT64_MIN) return mismatch(token, to.type());
    to.append(static_cast<int64_t>(*value));
    return true;
  }

  bool read_object(ondemand::value value, FieldPlan& plan, ColumnBuilder& to) {
    ondemand::object object;
    if (const auto error = value.get_object().get(object)) return malformed(error);
    switch (to.type().kind()) {
      case TypeKind::kRow: {
        const auto column = [&](size_t index) -> ColumnBuilder& { return to.child(index); };
        if (!read_members(object, *plan.row, column)) return false;
        to.end_row();
        return true;
      }
      case TypeKind::kMap:
        return read_map(object, plan, to);
      default:
        return read_raw(object.raw_json(), "an object", to);
    }
  }

  bool read_map(ondemand::object& object, FieldPlan& plan, ColumnBuilder& to) {
    ColumnBuilder& entries = to.child(0);
    for (auto&& member : object) {
      ondemand::field field;
      if (const auto error = std::move(member).get(field)) return malformed(error);
      std::string_view key;
      if (const auto error = field.unescaped_key().get(key)) return malformed(error);
      if (!append_text_as_value(entries.child(0), key, failure_)) return false;
      if (!read_field(field.value(), *plan.parts[1], entries.child(1))) return false;
      entries.end_row();
    }
    to.end_list();
    return true;
  }

  bool read_array(ondemand::value value, FieldPlan& plan, ColumnBuilder& to) {
    ondemand::array array;
    if (const auto error = value.get_array().get(array)) return malformed(error);
    if (to.type().kind() != TypeKind::kArray) return read_raw(array.raw_json(), "an array", to);
    for (auto&& item : array) {
      ondemand::value element;
      if (const auto error = std::move(item).get(element)) return malformed(error);
      if (!read_field(element, *plan.parts[0], to.child(0))) return false;
    }
    to.end_list();
    return true;
  }

  // An object or array into JSON or text.
  bool read_raw(simdjson::simdjson_result<std::string_view> raw, std::string_view what,
                ColumnBuilder& to) {
    const Type& type = to.type();
    if (type.kind() != TypeKind::kJson && !type.is_text()) return mismatch(what, type);
    std::string_view text;
    if (const auto error = std::move(raw).get(text)) return malformed(error);
    text = without_blanks_behind(text);
    if (!is_json(text)) return malformed(simdjson::TAPE_ERROR);
    if (type.is_text()) return append_checked_text(to, text, failure_);
    to.append_text(text);
    return true;
  }

  const std::unique_ptr<ObjectPlan> plan_;
  const bool fail_on_missing_;
  const bool null_on_error_;
  FieldFailure& failure_;
  ondemand::parser parser_;
  const char* text_end_ = nullptr;
  std::vector<std::string> path_;  // of the field that failed, innermost first
  bool is_malformed_ = false;      // the last failure is of the JSON itself
};

JsonRowParser::JsonRowParser(const DecodeRequest& request, const JsonOptions& options)
    : schema_(request.output_schema()),
      state_(std::make_unique<State>(request, options, failure_)) {}

JsonRowParser::~JsonRowParser() = default;

bool JsonRowParser::parse(std::string_view text, data::BatchBuilder& to) {
  if (state_->parse(text, to)) return true;
  to.drop_open_row();
  const std::string path = state_->failed_path();
  if (!path.empty()) failure_.reason = fmt::format("column '{}': {}", path, failure_.reason);
  return false;
}

namespace {

bool reads_json_as(const Type& type) {
  if (type.fields().empty()) return reads_text_as(type);
  for (const data::Field& field : type.fields()) {
    if (!reads_json_as(field.type)) return false;
  }
  return type.kind() != TypeKind::kMap || reads_text_as(type.fields()[0].type);
}

}  // namespace

Result<void> check_json_columns(const DecodeRequest& request) {
  for (const size_t index : request.columns) {
    const data::Field& field = request.declared->field(index);
    if (reads_json_as(field.type)) continue;
    return Error(ErrorCode::kTypeMismatch,
                 fmt::format("column '{}': format 'json' cannot be read as {}", field.name,
                             field.type.to_string()))
        .remedy("Declare it as STRING and convert it in the query.");
  }
  return {};
}

}  // namespace millrace::formats
