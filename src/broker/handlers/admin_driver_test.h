#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "broker/handler_driver.h"
#include "broker/handlers/admin_handlers.h"
#include "broker/machines.h"
#include "log/log_driver.h"

namespace millrace::broker {

// The administrative handlers over a simulated log that can be started again; for tests only.
class AdminDriver : public ::testing::Test {
 protected:
  AdminDriver() { start(); }

  void start() {
    machines_.emplace();
    log::LogOptions options = log::small_log();
    options.machines = {&machines_->identity, &machines_->settings, &machines_->quotas};
    log_.emplace(world_.world(), options);
    ASSERT_TRUE(log_->is_open());
    settings_.emplace(machines_->settings, cluster_, started_with_);
    topics_.emplace(log_->log(), cluster_.id, &*settings_);
    maker_.emplace(log_->log().proposals(), *topics_, *settings_, cluster_);
    for (auto& handler : admin_handlers(log_->log(), *topics_, *maker_, machines_->settings,
                                        *settings_, machines_->quotas, cluster_, disk_space_)) {
      const int16_t key = handler->key();
      handlers_[key] = std::move(handler);
    }
  }
  void restart() {
    handlers_.clear();
    maker_.reset();
    topics_.reset();
    settings_.reset();
    log_.reset();
    start();
  }

  template <class Response, class Request>
  Response call(const Request& request, int16_t version) {
    const auto response = ask<Response>(*handlers_.at(Request::kKey), log_->threads(),
                                        log_->executor(), request, version);
    EXPECT_TRUE(response.has_value()) << response.error().to_string();
    return response ? *response : Response();
  }
  KnownTopicPtr topic(const std::string& name) { return topics_->find(name); }
  void make_topic(const std::string& name, uint32_t partitions = 1) {
    log_->make_partition(name, 0, partitions);
  }

  static constexpr int kNone = 0;
  io::SimulatedWorld world_{{.seed = 5}};
  io::DiskSpaceOf disk_space_;
  Cluster cluster_{.id = {.raw = {std::byte{7}}}, .node_id = 1, .leader_epoch = 3};
  SettingValues started_with_;
  std::optional<Machines> machines_;
  std::optional<log::LogDriver> log_;
  std::optional<BrokerSettings> settings_;
  std::optional<TopicDirectory> topics_;
  std::optional<TopicMaker> maker_;
  std::map<int16_t, std::unique_ptr<Handler>> handlers_;
};

}  // namespace millrace::broker
