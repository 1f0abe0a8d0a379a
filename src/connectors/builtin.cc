#include "connectors/builtin.h"

#include <fmt/core.h>

#include "base/nearest.h"
#include "connectors/blackhole/blackhole.h"
#include "connectors/datagen/datagen.h"
#include "connectors/filesystem/filesystem.h"
#include "connectors/log/log_connector.h"
#include "connectors/nexmark/nexmark.h"
#include "connectors/print/print.h"

namespace millrace::connectors {

Result<const Connector*> Connectors::find(std::string_view name) const {
  std::vector<std::string_view> names;
  for (const Connector* connector : connectors_) {
    if (connector->traits().name == name) return connector;
    names.push_back(connector->traits().name);
  }
  return Error(ErrorCode::kUnknownConnector, fmt::format("there is no connector '{}'", name))
      .remedy(nearest_remedy(name, names));
}

Connectors builtin_connectors() {
  Connectors connectors;
  connectors.add(blackhole_connector());
  connectors.add(datagen_connector());
  connectors.add(filesystem_connector());
  connectors.add(log_connector());
  connectors.add(nexmark_connector());
  connectors.add(print_connector());
  return connectors;
}

}  // namespace millrace::connectors
