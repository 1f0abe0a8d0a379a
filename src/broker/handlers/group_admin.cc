#include "broker/handlers/group_admin.h"

#include <algorithm>

#include "kafka/protocol_error.h"

namespace millrace::broker {

using kafka::ProtocolError;

namespace {

// First versions: of FindCoordinator, of DescribeGroups.
constexpr int16_t kFindMany = 4;
constexpr int16_t kDescribeWithMissingGroups = 6;

// FindCoordinator's kinds of keys.
constexpr int8_t kOfGroup = 0;
constexpr int8_t kOfTransaction = 1;

// Of a group: READ, DELETE and DESCRIBE, as bits.
constexpr int32_t kAllOperations = (1 << 3) | (1 << 6) | (1 << 8);

constexpr std::string_view kGroupType = "classic";

// An empty filter takes all; case does not matter.
bool passes(const std::vector<std::string>& filter, std::string_view value) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return filter.empty() || std::ranges::any_of(filter, [&](const std::string& wanted) {
           return std::ranges::equal(wanted, value, {}, lower, lower);
         });
}

kafka::DescribeGroupsResponse::Group described(GroupView view, int16_t version) {
  kafka::DescribeGroupsResponse::Group group;
  const bool missing = view.error == ProtocolError::kGroupIdNotFound;
  if (!missing || version >= kDescribeWithMissingGroups) group.error_code = code_of(view.error);
  if (missing) {
    group.error_message = "Group " + view.id + " not found.";
    view.state = "Dead";
  }
  group.group = std::move(view.id);
  group.state = std::move(view.state);
  group.protocol_type = std::move(view.protocol_type);
  group.protocol = std::move(view.protocol);
  for (GroupView::MemberView& member : view.members) {
    group.members.push_back({.member_id = std::move(member.id),
                             .instance_id = std::move(member.instance_id),
                             .client_id = std::move(member.client_id),
                             .client_host = std::move(member.client_host),
                             .protocol_metadata = std::move(member.metadata),
                             .member_assignment = std::move(member.assignment)});
  }
  return group;
}

}  // namespace

void FindCoordinatorHandler::handle(Call call, Request request, Reply<Response> reply) {
  const bool many = call.version() >= kFindMany;
  const bool known =
      request.coordinator_type == kOfGroup || request.coordinator_type == kOfTransaction;
  if (!many) request.coordinator_keys.assign(1, std::move(request.coordinator_key));
  Response response;
  for (std::string& key : request.coordinator_keys) {
    auto& found = response.coordinators.emplace_back();
    found.key = std::move(key);
    found.node_id = known ? cluster_.node_id : -1;
    found.port = known ? call.endpoint.port : -1;
    if (known) {
      found.host = call.endpoint.host;
    } else {
      found.error_code = code_of(ProtocolError::kInvalidRequest);
      found.error_message = "There are no coordinators of this type.";
    }
  }
  if (!many) {
    auto& only = response.coordinators.front();
    response.error_code = only.error_code;
    response.error_message = std::move(only.error_message);
    response.node_id = only.node_id;
    response.host = std::move(only.host);
    response.port = only.port;
    response.coordinators.clear();
  }
  reply.send(response);
}

void DescribeGroupsHandler::handle(Call call, Request request, Reply<Response> reply) {
  const bool operations = request.include_authorized_operations;
  groups_.describe(
      std::move(request.groups), [operations, version = call.version(),
                                  reply = std::move(reply)](std::vector<GroupView> views) mutable {
        Response response;
        for (GroupView& view : views) {
          auto& group = response.groups.emplace_back(described(std::move(view), version));
          if (operations) group.authorized_operations = kAllOperations;
        }
        reply.send(response);
      });
}

void ListGroupsHandler::handle(Call, Request request, Reply<Response> reply) {
  groups_.list(
      [request = std::move(request), reply = std::move(reply)](GroupListing listing) mutable {
        Response response;
        response.error_code = code_of(listing.error);
        for (GroupView& view : listing.groups) {
          if (!passes(request.states_filter, view.state)) continue;
          if (!passes(request.types_filter, kGroupType)) continue;
          response.groups.push_back({.group = std::move(view.id),
                                     .protocol_type = std::move(view.protocol_type),
                                     .group_state = std::move(view.state),
                                     .group_type = std::string(kGroupType)});
        }
        reply.send(response);
      });
}

void DeleteGroupsHandler::handle(Call, Request request, Reply<Response> reply) {
  std::vector<std::string> names = request.groups;
  groups_.remove(std::move(request.groups), [names = std::move(names), reply = std::move(reply)](
                                                std::vector<ProtocolError> errors) mutable {
    Response response;
    for (size_t i = 0; i < names.size(); ++i) {
      response.groups.push_back({.group = std::move(names[i]), .error_code = code_of(errors[i])});
    }
    reply.send(response);
  });
}

}  // namespace millrace::broker
