#include "connectors/filesystem/filesystem.h"

#include "connectors/filesystem/file_source.h"

namespace millrace::connectors {
namespace {

constexpr traits::OptionSpec kOptions[] = {
    {.name = "path",
     .type = traits::OptionType::kText,
     .required = true,
     .documentation = "A file, a folder, or a pattern with '*' and '?' in its last part."},
};

const traits::ConnectorTraits& filesystem_traits() {
  static const traits::ConnectorTraits kTraits = {
      .name = "filesystem",
      .summary = "Files and folders: json, csv, parquet.",
      .source = true,
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
};

}  // namespace

const Connector& filesystem_connector() {
  static const FilesystemConnector kConnector;
  return kConnector;
}

}  // namespace millrace::connectors
