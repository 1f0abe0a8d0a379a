#include "broker/handlers/membership.h"

#include "kafka/protocol_error.h"

namespace millrace::broker {

using kafka::ProtocolError;

namespace {

// First versions: of JoinGroup, LeaveGroup.
constexpr int16_t kJoinWithRebalanceTimeout = 1;
constexpr int16_t kJoinWithKnownId = 4;
constexpr int16_t kJoinWithNullProtocol = 7;
constexpr int16_t kJoinWithSkipAssignment = 9;
constexpr int16_t kLeaveInBatches = 3;

JoinAttempt attempt_of(const Call& call, kafka::JoinGroupRequest request) {
  JoinAttempt attempt;
  attempt.member = {std::move(request.member_id), std::move(request.instance_id)};
  attempt.client_id = call.header.client_id.value_or("");
  attempt.client_host = call.client_host;
  attempt.protocol_type = std::move(request.protocol_type);
  for (auto& protocol : request.protocols) {
    attempt.protocols.push_back({std::move(protocol.name), std::move(protocol.metadata)});
  }
  attempt.session_timeout_ms = request.session_timeout_ms;
  const bool has_timeout =
      call.version() >= kJoinWithRebalanceTimeout && request.rebalance_timeout_ms >= 0;
  attempt.rebalance_timeout_ms =
      has_timeout ? request.rebalance_timeout_ms : request.session_timeout_ms;
  attempt.returns_with_id = call.version() >= kJoinWithKnownId;
  attempt.skips_assignment = call.version() >= kJoinWithSkipAssignment;
  return attempt;
}

kafka::JoinGroupResponse response_of(JoinAnswer answer, int16_t version) {
  kafka::JoinGroupResponse response;
  response.error_code = code_of(answer.error);
  response.generation = answer.generation;
  if (answer.error == ProtocolError::kNone || version < kJoinWithNullProtocol) {
    response.protocol_type = std::move(answer.protocol_type);
    response.protocol = std::move(answer.protocol);
  }
  response.leader_id = std::move(answer.leader_id);
  response.skip_assignment = answer.skip_assignment;
  response.member_id = std::move(answer.member_id);
  for (JoinedMember& member : answer.members) {
    response.members.push_back({.member_id = std::move(member.id),
                                .instance_id = std::move(member.instance_id),
                                .protocol_metadata = std::move(member.metadata)});
  }
  return response;
}

}  // namespace

void JoinGroupHandler::handle(Call call, Request request, Reply<Response> reply) {
  std::string group = std::move(request.group);
  groups_.join(std::move(group), attempt_of(call, std::move(request)),
               [version = call.version(), reply = std::move(reply)](JoinAnswer answer) mutable {
                 reply.send(response_of(std::move(answer), version));
               });
}

void SyncGroupHandler::handle(Call, Request request, Reply<Response> reply) {
  SyncAttempt attempt;
  attempt.member = {std::move(request.member_id), std::move(request.instance_id)};
  attempt.generation = request.generation;
  attempt.protocol_type = std::move(request.protocol_type);
  attempt.protocol = std::move(request.protocol);
  for (auto& [member, assignment] : request.group_assignment) {
    attempt.assignments.emplace_back(std::move(member), std::move(assignment));
  }
  groups_.sync(std::move(request.group), std::move(attempt),
               [reply = std::move(reply)](SyncAnswer answer) mutable {
                 Response response;
                 response.error_code = code_of(answer.error);
                 if (answer.error == ProtocolError::kNone) {
                   response.protocol_type = std::move(answer.protocol_type);
                   response.protocol = std::move(answer.protocol);
                 }
                 response.member_assignment = std::move(answer.assignment);
                 reply.send(response);
               });
}

void HeartbeatHandler::handle(Call, Request request, Reply<Response> reply) {
  groups_.heartbeat(std::move(request.group),
                    {std::move(request.member_id), std::move(request.instance_id)},
                    request.generation, [reply = std::move(reply)](ProtocolError error) mutable {
                      Response response;
                      response.error_code = code_of(error);
                      reply.send(response);
                    });
}

void LeaveGroupHandler::handle(Call call, Request request, Reply<Response> reply) {
  const bool in_batch = call.version() >= kLeaveInBatches;
  Response response;
  std::vector<MemberName> members;
  if (!in_batch) members.push_back({std::move(request.member_id), std::nullopt});
  for (auto& member : request.members) {
    response.members.push_back({.member_id = member.member_id, .instance_id = member.instance_id});
    members.push_back({std::move(member.member_id), std::move(member.instance_id)});
  }
  groups_.leave(std::move(request.group), std::move(members),
                [in_batch, response = std::move(response),
                 reply = std::move(reply)](GroupErrors errors) mutable {
                  response.error_code = code_of(errors.error);
                  if (errors.error != ProtocolError::kNone) {
                    response.members.clear();
                  } else if (!in_batch) {
                    response.error_code = code_of(errors.each.front());
                  }
                  for (size_t i = 0; i < response.members.size(); ++i) {
                    response.members[i].error_code = code_of(errors.each[i]);
                  }
                  reply.send(response);
                });
}

}  // namespace millrace::broker
