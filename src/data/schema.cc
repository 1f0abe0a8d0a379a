#include "data/schema.h"

#include "base/hash.h"
#include "base/varint.h"

namespace millrace::data {
namespace {

void append_field(std::string& to, const Field& field);

void append_type(std::string& to, const Type& type) {
  to += static_cast<char>(type.kind());
  append_varint(to, static_cast<uint64_t>(type.precision()));
  append_varint(to, static_cast<uint64_t>(type.scale()));
  append_varint(to, type.fields().size());
  for (const Field& field : type.fields()) append_field(to, field);
}

void append_field(std::string& to, const Field& field) {
  append_varint(to, field.name.size());
  to += field.name;
  append_type(to, field.type);
  to += field.nullable ? '\1' : '\0';
}

}  // namespace

std::optional<size_t> Schema::find(std::string_view name) const {
  for (size_t index = 0; index < fields_.size(); ++index) {
    if (fields_[index].name == name) return index;
  }
  return std::nullopt;
}

std::string Schema::to_string() const {
  // A schema prints as the fields of a ROW do, in round brackets.
  const std::string row = Type::row(fields_).to_string();
  return "(" + row.substr(4, row.size() - 5) + ")";
}

uint64_t Schema::fingerprint() const {
  std::string bytes;
  for (const Field& field : fields_) append_field(bytes, field);
  return hash64(std::as_bytes(std::span(bytes)));
}

}  // namespace millrace::data
