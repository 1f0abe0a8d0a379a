#pragma once

#include <atomic>

#include "broker/broker.h"
#include "http/router.h"
#include "node/node.h"

namespace millrace::server {

// What the routes look at. All outlive them.
struct StatusParts {
  node::Node& node;
  const broker::Broker* broker = nullptr;  // nullptr: there is none
  const std::atomic<bool>& ready;
  const io::Clock& clock;
};

// GET /healthz: the process answers. /readyz: every door is open. /metrics.
void add_status_routes(http::Router& router, StatusParts parts);

}  // namespace millrace::server
