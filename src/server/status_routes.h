#pragma once

#include <atomic>
#include <string>

#include "base/memory_account.h"
#include "broker/broker.h"
#include "http/router.h"
#include "node/node.h"

namespace millrace::server {

// What the routes look at. All outlive them.
struct StatusParts {
  node::Node& node;
  const broker::Broker* broker = nullptr;  // nullptr: there is none
  const MemoryAccount& received;           // what its connections have received
  std::string data_folder;
  const std::atomic<bool>& ready;
  std::atomic<size_t>& scrapes;  // of /metrics that are under way: until 0, nothing of these goes
};

// GET /healthz: the process answers. /readyz: every door is open. /metrics, and
// /metrics?partitions=true: with those of each partition.
void add_status_routes(http::Router& router, StatusParts parts);

}  // namespace millrace::server
