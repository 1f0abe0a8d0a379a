#include "broker/handlers/update_features.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "broker/refusal.h"

namespace millrace::broker {

using kafka::ProtocolError;

namespace {

constexpr int16_t kWithTypes = 1;  // before, a downgrade was a flag
constexpr int16_t kOneAnswer = 2;

// Kinds of changes.
constexpr int8_t kUpgrade = 1;
constexpr int8_t kDowngrade = 2;
constexpr int8_t kUnsafeDowngrade = 3;

Refusal no_level(const Feature& feature, int16_t level, std::string_view why) {
  return {ProtocolError::kInvalidUpdateVersion,
          fmt::format("'{}' cannot have level {}: {}", feature.name, level, why)};
}

Refusal check(const Features& features, const kafka::UpdateFeaturesRequest::FeatureUpdate& update,
              int16_t version) {
  const int8_t type = version >= kWithTypes    ? update.upgrade_type
                      : update.allow_downgrade ? kDowngrade
                                               : kUpgrade;
  if (type < kUpgrade || type > kUnsafeDowngrade) {
    return {ProtocolError::kInvalidRequest, fmt::format("{} is no kind of change.", type)};
  }
  const auto known = std::ranges::find(all_features(), update.feature, &Feature::name);
  if (known == all_features().end()) {
    return {ProtocolError::kInvalidUpdateVersion,
            fmt::format("There is no feature '{}'.", update.feature)};
  }
  const int16_t level = update.max_version_level;
  if (level < known->level_min || level > known->level_max) {
    return no_level(*known, level,
                    fmt::format("it has {} to {}.", known->level_min, known->level_max));
  }
  const int16_t now = features.level(*known);
  if (level < now && type == kUpgrade) {
    return no_level(*known, level, fmt::format("it has {}, and this is no downgrade.", now));
  }
  if (level > now && type != kUpgrade) {
    return no_level(*known, level, fmt::format("it has {}, and this is no upgrade.", now));
  }
  return {};
}

kafka::UpdateFeaturesResponse answer(const std::vector<std::string>& names,
                                     const std::vector<Refusal>& refusals, int16_t version) {
  kafka::UpdateFeaturesResponse response;
  for (size_t at = 0; at < names.size(); ++at) {
    if (version >= kOneAnswer) {
      if (refusals[at] && response.error_code == 0) refusals[at].put(response);
      continue;
    }
    auto& result = response.results.emplace_back();
    result.feature = names[at];
    refusals[at].put(result);
  }
  return response;
}

}  // namespace

void UpdateFeaturesHandler::handle(Call call, Request request, Reply<Response> reply) {
  std::vector<std::string> names;
  std::vector<Refusal> refusals;
  std::map<std::string, int16_t> levels;
  bool good = true;
  for (const Request::FeatureUpdate& update : request.feature_updates) {
    names.push_back(update.feature);
    Refusal refusal = check(features_, update, call.version());
    if (!levels.emplace(update.feature, update.max_version_level).second) {
      refusal = {ProtocolError::kInvalidRequest,
                 fmt::format("'{}' is named more than once.", update.feature)};
    }
    good = good && !refusal;
    refusals.push_back(std::move(refusal));
  }
  if (!good || levels.empty() || request.validate_only) {
    return reply.send(answer(names, refusals, call.version()));
  }
  proposals_.propose(
      {Features::change_command(levels)}, *call.executor,
      [names = std::move(names), refusals = std::move(refusals), version = call.version(),
       reply = std::move(reply)](Result<commit::Lsn> written) mutable {
        if (!written) {
          std::ranges::fill(refusals, Refusal::of(written.error()));
        }
        reply.send(answer(names, refusals, version));
      });
}

}  // namespace millrace::broker
