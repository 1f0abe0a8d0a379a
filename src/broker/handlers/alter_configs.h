#pragma once

#include "broker/handler.h"
#include "broker/handlers/settings_writer.h"
#include "kafka/messages/alter_configs.h"
#include "kafka/messages/incremental_alter_configs.h"

namespace millrace::broker {

// AlterConfigs: what is named replaces all that a resource has.
class AlterConfigsHandler final
    : public TypedHandler<kafka::AlterConfigsRequest, kafka::AlterConfigsResponse> {
 public:
  explicit AlterConfigsHandler(SettingsWriter writer) : writer_(std::move(writer)) {}

 protected:
  void handle(Call call, Request request, Reply<Response> reply) override;

 private:
  SettingsWriter writer_;
};

// IncrementalAlterConfigs: sets and deletes settings, adds words to lists and takes them away.
class IncrementalAlterConfigsHandler final
    : public TypedHandler<kafka::IncrementalAlterConfigsRequest,
                          kafka::IncrementalAlterConfigsResponse> {
 public:
  explicit IncrementalAlterConfigsHandler(SettingsWriter writer) : writer_(std::move(writer)) {}

 protected:
  void handle(Call call, Request request, Reply<Response> reply) override;

 private:
  SettingsWriter writer_;
};

}  // namespace millrace::broker
