#pragma once

#include "broker/handler.h"
#include "broker/settings/features.h"
#include "commit/proposals.h"
#include "kafka/messages/update_features.h"

namespace millrace::broker {

// UpdateFeatures: levels of features, durably; all that are named, or none of them.
class UpdateFeaturesHandler final
    : public TypedHandler<kafka::UpdateFeaturesRequest, kafka::UpdateFeaturesResponse> {
 public:
  UpdateFeaturesHandler(Features features, commit::Proposals& proposals)
      : features_(features), proposals_(proposals) {}

 protected:
  void handle(Call call, Request request, Reply<Response> reply) override;

 private:
  const Features features_;
  commit::Proposals& proposals_;
};

}  // namespace millrace::broker
