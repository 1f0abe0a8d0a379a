#include "connectors/connector.h"

#include <fmt/core.h>

namespace millrace::connectors {
namespace {

data::SchemaPtr schema_of(const std::vector<TableColumn>& columns) {
  std::vector<data::Field> fields;
  for (const TableColumn& column : columns) fields.push_back(column.field);
  return data::make_schema(std::move(fields));
}

}  // namespace

Result<std::shared_ptr<engine::Source>> Connector::source(const SourceRequest& request,
                                                          Outside&) const {
  return Error(ErrorCode::kNotReadable,
               fmt::format("connector '{}' cannot be read from", traits().name))
      .at(request.table);
}

Result<std::unique_ptr<engine::Sink>> Connector::sink(const SinkRequest& request, Outside&) const {
  return Error(ErrorCode::kNotReadable,
               fmt::format("connector '{}' cannot be written to", traits().name))
      .at(request.table);
}

Result<std::unique_ptr<Target>> Connector::target(const SinkRequest& request, Outside&) const {
  return Error(ErrorCode::kNotReadable,
               fmt::format("connector '{}' cannot be written to", traits().name))
      .at(request.table);
}

data::SchemaPtr output_schema(const SourceRequest& request) {
  return schema_of(request.columns);
}

data::SchemaPtr input_schema(const SinkRequest& request) {
  return schema_of(request.columns);
}

std::optional<uint32_t> arriving(const SinkRequest& request, std::string_view column) {
  for (uint32_t at = 0; at < request.columns.size(); ++at) {
    const TableColumn& one = request.columns[at];
    if (one.metadata_key.empty() && one.field.name == column) return at;
  }
  return std::nullopt;
}

}  // namespace millrace::connectors
