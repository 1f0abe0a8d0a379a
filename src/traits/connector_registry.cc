#include "traits/connector_registry.h"

#include "base/assert.h"
#include "base/nearest.h"

namespace millrace::traits {
namespace {

template <class Map>
std::string nearest_in(std::string_view wanted, const Map& map) {
  std::vector<std::string_view> names;
  for (const auto& [name, traits] : map) names.push_back(name);
  return nearest_remedy(wanted, names);
}

template <class Traits, class Map>
std::vector<const Traits*> values_of(const Map& map) {
  std::vector<const Traits*> values;
  for (const auto& [name, traits] : map) values.push_back(traits);
  return values;
}

}  // namespace

void ConnectorRegistry::add(const ConnectorTraits& connector) {
  MILLRACE_ASSERT(connectors_.emplace(std::string(connector.name), &connector).second);
}

void ConnectorRegistry::add(const FormatTraits& format) {
  MILLRACE_ASSERT(formats_.emplace(std::string(format.name), &format).second);
}

void ConnectorRegistry::add_unavailable_format(std::string_view name, std::string_view reason) {
  unavailable_.emplace(std::string(name), std::string(reason));
}

Result<const ConnectorTraits*> ConnectorRegistry::connector(std::string_view name) const {
  const auto found = connectors_.find(name);
  if (found != connectors_.end()) return found->second;
  return Error(ErrorCode::kUnknownConnector, "there is no connector '" + std::string(name) + "'")
      .remedy(nearest_in(name, connectors_));
}

Result<const FormatTraits*> ConnectorRegistry::format(std::string_view name) const {
  const auto found = formats_.find(name);
  if (found != formats_.end()) return found->second;
  const auto left_out = unavailable_.find(name);
  if (left_out != unavailable_.end()) {
    return Error(ErrorCode::kFormatUnavailable,
                 "format '" + std::string(name) + "' is not part of this build")
        .remedy(left_out->second);
  }
  return Error(ErrorCode::kUnknownFormat, "there is no format '" + std::string(name) + "'")
      .remedy(nearest_in(name, formats_));
}

std::vector<const ConnectorTraits*> ConnectorRegistry::connectors() const {
  return values_of<ConnectorTraits>(connectors_);
}

std::vector<const FormatTraits*> ConnectorRegistry::formats() const {
  return values_of<FormatTraits>(formats_);
}

}  // namespace millrace::traits
