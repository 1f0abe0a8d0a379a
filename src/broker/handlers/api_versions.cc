#include "broker/handlers/api_versions.h"

#include <algorithm>

#include "kafka/api.h"
#include "kafka/protocol_error.h"

namespace millrace::broker {
namespace {

using kafka::ProtocolError;

constexpr int16_t kWithLevelZero = 4;

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// Letters and digits at both ends, dots and dashes between.
bool is_client_software(std::string_view text) {
  return !text.empty() && is_word(text.front()) && is_word(text.back()) &&
         std::ranges::all_of(text, [](char c) { return is_word(c) || c == '.' || c == '-'; });
}

}  // namespace

kafka::ApiVersionsResponse ApiVersionsHandler::supported(int16_t version) const {
  Response response;
  for (const int16_t key : keys_) {
    const kafka::Api& api = *kafka::find_api(key);
    response.api_keys.push_back(
        {.api_key = key, .min_version = api.advertised.first, .max_version = api.advertised.last});
  }
  for (const Feature& feature : all_features()) {
    // Older clients cannot read a level of 0.
    if (version >= kWithLevelZero || feature.level_min > 0) {
      response.supported_features.push_back({.name = std::string(feature.name),
                                             .min_version = feature.level_min,
                                             .max_version = feature.level_max});
    }
    const int16_t level = features_.level(feature);
    if (level == 0) continue;
    response.finalized_features.push_back({.name = std::string(feature.name),
                                           .max_version_level = level,
                                           .min_version_level = level});
  }
  response.finalized_features_epoch = features_.epoch();
  return response;
}

void ApiVersionsHandler::handle_body(Call call, Buffer body, Respond respond) {
  if (kafka::find_api(Request::kKey)->served.contains(call.version())) {
    return TypedHandler::handle_body(std::move(call), std::move(body), std::move(respond));
  }
  Response response = supported(0);
  std::erase_if(response.api_keys, [](const auto& api) { return api.api_key != Request::kKey; });
  response.error_code = code_of(ProtocolError::kUnsupportedVersion);
  call.header.version = 0;
  Reply<Response>(call.header, std::move(respond)).send(response);
}

void ApiVersionsHandler::handle(Call call, Request request, Reply<Response> reply) {
  if (call.version() >= 3 && !(is_client_software(request.client_software_name) &&
                               is_client_software(request.client_software_version))) {
    Response response;
    response.error_code = code_of(ProtocolError::kInvalidRequest);
    return reply.send(response);
  }
  reply.send(supported(call.version()));
}

}  // namespace millrace::broker
