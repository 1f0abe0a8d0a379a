#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "traits/connector_traits.h"
#include "traits/format_traits.h"

namespace millrace::traits {

// ConnectorRegistry: the traits of every connector and format of this build, by name. Filled by
// `node` in order, then only read.
//
// Threading:  immutable once filled.
// Ownership:  traits live as long as the program.
class ConnectorRegistry {
 public:
  // REQUIRES: a name that is not there yet.
  void add(const ConnectorTraits& connector);
  void add(const FormatTraits& format);
  // A format that this build left out: asking for it is kFormatUnavailable with this reason.
  void add_unavailable_format(std::string_view name, std::string_view reason);

  // Failure: kUnknownConnector, kUnknownFormat (with the nearest name), kFormatUnavailable.
  Result<const ConnectorTraits*> connector(std::string_view name) const;
  Result<const FormatTraits*> format(std::string_view name) const;

  // By name.
  std::vector<const ConnectorTraits*> connectors() const;
  std::vector<const FormatTraits*> formats() const;

 private:
  std::map<std::string, const ConnectorTraits*, std::less<>> connectors_;
  std::map<std::string, const FormatTraits*, std::less<>> formats_;
  std::map<std::string, std::string, std::less<>> unavailable_;
};

}  // namespace millrace::traits
