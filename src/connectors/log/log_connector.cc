#include "connectors/log/log_connector.h"

#include "connectors/log/topic_sink.h"
#include "connectors/log/topic_source.h"

namespace millrace::connectors {
namespace {

using data::Type;
using data::TypeKind;

constexpr traits::OptionSpec kOptions[] = {
    {.name = "topic", .documentation = "The topic, where it has another name than the table."},
    {.name = "partitions",
     .type = traits::OptionType::kInteger,
     .default_value = "1",
     .min = 1,
     .max = 10'000,
     .documentation = "Partitions of the topic, if CREATE TABLE makes it."},
};

class LogConnector final : public Connector {
 public:
  const traits::ConnectorTraits& traits() const override {
    static const traits::ConnectorTraits kTraits = {
        .name = "log",
        .summary = "A topic of the embedded log.",
        .source = true,
        .sink = {.inserts = true, .upserts = true},
        .keyed_reads_are_upserts = true,
        .format = traits::FormatUse::kOptional,
        .default_format = "json",
        .formats = "json|csv",
        .metadata = topic_metadata(),
        .pushdown = {.columns = true},
        .options = kOptions,
    };
    return kTraits;
  }
  Result<std::shared_ptr<engine::Source>> source(const SourceRequest& request,
                                                 Outside& outside) const override {
    return make_topic_source(request, outside);
  }
  Result<std::unique_ptr<engine::Sink>> sink(const SinkRequest& request,
                                             Outside& outside) const override {
    return make_topic_sink(request, outside);
  }
};

}  // namespace

const std::vector<traits::MetadataColumn>& topic_metadata() {
  static const std::vector<traits::MetadataColumn> kColumns = {
      {.key = "partition",
       .type = Type(TypeKind::kInt),
       .documentation = "The partition that holds the record."},
      {.key = "offset",
       .type = Type(TypeKind::kBigint),
       .documentation = "The record's place in its partition."},
      {.key = "timestamp",
       .type = Type::timestamp_ltz(3),
       .writable = true,
       .documentation = "The record's time; when it is not written, the time of writing."},
      {.key = "key",
       .type = Type(TypeKind::kBytes),
       .nullable = true,
       .documentation = "The record's key as it is."},
      {.key = "headers",
       .type = Type::map(Type(TypeKind::kVarchar), Type(TypeKind::kBytes)),
       .documentation = "The record's headers; of twins the last."},
  };
  return kColumns;
}

const Connector& log_connector() {
  static const LogConnector kConnector;
  return kConnector;
}

}  // namespace millrace::connectors
