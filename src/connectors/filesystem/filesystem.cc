#include "connectors/filesystem/filesystem.h"

#include "connectors/filesystem/file_source.h"
#include "connectors/filesystem/file_target.h"

namespace millrace::connectors {
namespace {

const char* check_path(std::string_view value) {
  return value.empty() ? "a file, a folder or a pattern" : nullptr;
}

constexpr traits::OptionSpec kOptions[] = {
    {.name = "path",
     .type = traits::OptionType::kText,
     .required = true,
     .check = check_path,
     .documentation = "Read: a file, a folder, or a pattern with '*' and '?'. "
                      "Written: a folder."},
    {.name = "sink.rolling-policy.file-size",
     .type = traits::OptionType::kBytes,
     .default_value = "128 MB",
     .min = 1,
     .documentation = "Written files appear when one of them has so many bytes."},
    {.name = "sink.rolling-policy.rollover-interval",
     .type = traits::OptionType::kDuration,
     .default_value = "30 min",
     .min = 1,
     .documentation = "Written files appear when the oldest of them has been open for so long."},
    {.name = "sink.rolling-policy.check-interval",
     .type = traits::OptionType::kDuration,
     .default_value = "1 min",
     .min = 1,
     .documentation = "How often rollover-interval is looked at."},
    {.name = "sink.buffer.bytes",
     .type = traits::OptionType::kBytes,
     .default_value = "256 MiB",
     .min = 0,
     .documentation = "So much may be committed and not yet written before the job waits."},
};

const traits::ConnectorTraits& filesystem_traits() {
  static const traits::ConnectorTraits kTraits = {
      .name = "filesystem",
      .summary = "Files and folders: json, csv, parquet.",
      .source = true,
      .sink = {.inserts = true, .forwarded = true},
      .bounded = [](const traits::Options&) { return true; },
      .format = traits::FormatUse::kRequired,
      .pushdown = {.columns = true, .predicates = true},
      .options = kOptions,
  };
  return kTraits;
}

class FilesystemConnector final : public Connector {
 public:
  const traits::ConnectorTraits& traits() const override { return filesystem_traits(); }
  Result<std::shared_ptr<engine::Source>> source(const SourceRequest& request,
                                                 Outside& outside) const override {
    return make_file_source(request, request.options.text("path"), outside);
  }
  Result<std::unique_ptr<Target>> target(const SinkRequest& request,
                                         Outside& outside) const override {
    return make_file_target(request, outside);
  }
};

}  // namespace

const Connector& filesystem_connector() {
  static const FilesystemConnector kConnector;
  return kConnector;
}

}  // namespace millrace::connectors
