#pragma once

#include <string_view>
#include <vector>

#include "base/result.h"
#include "connectors/connector.h"

namespace millrace::connectors {

// Connectors: every connector by name.
//
// Threading:  immutable once filled. Ownership: connectors live as long as the program.
class Connectors {
 public:
  void add(const Connector& connector) { connectors_.push_back(&connector); }
  // Failure: kUnknownConnector, with the nearest name.
  Result<const Connector*> find(std::string_view name) const;
  const std::vector<const Connector*>& all() const { return connectors_; }

 private:
  std::vector<const Connector*> connectors_;
};

// The connectors that come with Millrace.
Connectors builtin_connectors();

}  // namespace millrace::connectors
