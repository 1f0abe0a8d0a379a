#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "data/type.h"

namespace millrace::data {

// Schema: the columns of a batch, in order. Immutable, shared by every batch of a stream.
class Schema {
 public:
  Schema() = default;
  explicit Schema(std::vector<Field> fields) : fields_(std::move(fields)) {}

  size_t columns() const { return fields_.size(); }
  const Field& field(size_t index) const { return fields_[index]; }
  const std::vector<Field>& fields() const { return fields_; }
  // The first column of exactly this name.
  std::optional<size_t> find(std::string_view name) const;
  // "(a INT NOT NULL, b STRING)".
  std::string to_string() const;
  // XXH3 over the names, types and nullability: recognises a schema in stored data.
  uint64_t fingerprint() const;
  friend bool operator==(const Schema&, const Schema&) = default;

 private:
  std::vector<Field> fields_;
};

using SchemaPtr = std::shared_ptr<const Schema>;

inline SchemaPtr make_schema(std::vector<Field> fields) {
  return std::make_shared<const Schema>(std::move(fields));
}

}  // namespace millrace::data
