#include <algorithm>
#include <array>

#include "sql/print.h"
#include "sql/print/printer.h"
#include "sql/text/keyword.h"

namespace millrace::sql {
namespace {

bool is_plain(std::string_view name) {
  const auto is_letter = [](char byte) {
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || byte == '_';
  };
  const auto is_inner = [&](char byte) {
    return is_letter(byte) || (byte >= '0' && byte <= '9') || byte == '$';
  };
  return !name.empty() && is_letter(name[0]) && std::ranges::all_of(name, is_inner);
}

bool needs_quotes(std::string_view name) {
  if (!is_plain(name)) return true;
  const Keyword* keyword = find_keyword(name);
  return keyword != nullptr &&
         (keyword->use == Keyword::Use::kReserved || keyword->use == Keyword::Use::kOpening);
}

std::string quoted(std::string_view text, char quote) {
  std::string result(1, quote);
  for (const char byte : text) {
    if (byte == quote) result += quote;
    result += byte;
  }
  return result + quote;
}

}  // namespace

std::string print_name(std::string_view name) {
  return needs_quotes(name) ? quoted(name, '"') : std::string(name);
}

std::string print_string(std::string_view value) {
  return quoted(value, '\'');
}

void Printer::name(std::string_view text) {
  out_ += print_name(text);
}

void Printer::string(std::string_view value) {
  out_ += print_string(value);
}

void Printer::print(const QualifiedName& qualified) {
  list(qualified.parts, ".");
}

void Printer::names(const std::vector<Identifier>& identifiers) {
  *this << "(";
  list(identifiers);
  *this << ")";
}

void Printer::print(const TypeName& type) {
  any(type.node);
  if (type.not_null) *this << " NOT NULL";
}

void Printer::print(const NamedType& type) {
  const std::string& first = type.name.parts[0].text;
  const bool one_word = type.name.parts.size() == 1;
  // A type of one word without quotes is read into upper case.
  if (one_word && upper_word(first) != first) {
    *this << quoted(first, '"');
  } else {
    print(type.name);
  }
  for (size_t i = 0; i < type.parameters.size(); ++i) {
    *this << (i == 0 ? "(" : ", ") << std::to_string(type.parameters[i]);
  }
  if (!type.parameters.empty()) *this << ")";
}

void Printer::print(const ArrayType& type) {
  *this << "ARRAY<" << *type.element << ">";
}

void Printer::print(const MultisetType& type) {
  *this << "MULTISET<" << *type.element << ">";
}

void Printer::print(const MapType& type) {
  *this << "MAP<" << *type.key << ", " << *type.value << ">";
}

void Printer::print(const RowType& type) {
  if (type.fields.empty()) {
    *this << "ROW()";
    return;
  }
  *this << "ROW<";
  for (size_t i = 0; i < type.fields.size(); ++i) {
    const RowField& field = type.fields[i];
    *this << (i == 0 ? "" : ", ") << field.name << " " << field.type;
    if (!field.comment) continue;
    *this << " ";
    string(*field.comment);
  }
  *this << ">";
}

void Printer::print(const IntervalType& type) {
  *this << "INTERVAL";
  if (type.qualifier) *this << " " << *type.qualifier;
}

void Printer::print(const IntervalQualifier& qualifier) {
  const auto precision = [this](const std::optional<uint32_t>& digits) {
    if (digits) *this << "(" << std::to_string(*digits) << ")";
  };
  *this << to_string(qualifier.from);
  precision(qualifier.leading_precision);
  if (!qualifier.to) return;
  *this << " TO " << to_string(*qualifier.to);
  precision(qualifier.fractional_precision);
}

}  // namespace millrace::sql
