#include "connectors/connector.h"

#include <fmt/core.h>

namespace millrace::connectors {

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

data::SchemaPtr output_schema(const SourceRequest& request) {
  std::vector<data::Field> fields;
  for (const TableColumn& column : request.columns) fields.push_back(column.field);
  return data::make_schema(std::move(fields));
}

}  // namespace millrace::connectors
