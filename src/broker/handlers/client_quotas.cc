#include "broker/handlers/client_quotas.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "broker/refusal.h"

namespace millrace::broker {

using kafka::ProtocolError;

namespace {

using Filter = std::vector<kafka::DescribeClientQuotasRequest::Component>;

// How a component of a filter matches: by name, the default, whoever has the type.
enum Match : int8_t { kExact = 0, kDefault = 1, kAny = 2 };

Refusal invalid(std::string message) {
  return {ProtocolError::kInvalidRequest, std::move(message)};
}

Refusal check(const Filter& filter) {
  QuotaEntity types;
  for (const auto& component : filter) {
    if (component.match_type < kExact || component.match_type > kAny) {
      return invalid(fmt::format("{} is no way to match.", component.match_type));
    }
    if ((component.match_type == kExact) != component.match.has_value()) {
      return invalid("A name is matched exactly, and nothing else is.");
    }
    if (!types.try_emplace(component.entity_type).second) {
      return invalid(fmt::format("'{}' is named more than once.", component.entity_type));
    }
  }
  if (filter.empty()) return {};
  const auto checked = check_quota_entity(types);
  return checked ? Refusal() : Refusal::of(ProtocolError::kInvalidRequest, checked.error());
}

bool fits(const QuotaEntity& entity, const Filter& filter, bool strict) {
  if (strict && entity.size() != filter.size()) return false;
  return std::ranges::all_of(filter, [&](const auto& component) {
    const auto found = entity.find(component.entity_type);
    if (found == entity.end()) return false;
    return component.match_type == kAny || found->second == component.match;
  });
}

using Asked = kafka::AlterClientQuotasRequest::Entry;

Refusal read_entity(const Asked& asked, QuotaEntity& entity) {
  for (const auto& part : asked.entity) {
    if (!entity.try_emplace(part.type, part.name).second) {
      return invalid(fmt::format("'{}' is named more than once.", part.type));
    }
  }
  const auto checked = check_quota_entity(entity);
  return checked ? Refusal() : Refusal::of(ProtocolError::kInvalidRequest, checked.error());
}

Refusal read_changes(const Asked& asked, const QuotaEntity& entity, QuotaChanges& changes) {
  for (const auto& op : asked.ops) {
    const auto value = op.remove ? std::nullopt : std::optional(op.value);
    if (const auto checked = check_quota(entity, op.key, value); !checked) {
      return Refusal::of(ProtocolError::kInvalidRequest, checked.error());
    }
    if (!changes.try_emplace(op.key, value).second) {
      return invalid(fmt::format("'{}' is changed twice.", op.key));
    }
  }
  return {};
}

}  // namespace

void DescribeClientQuotasHandler::handle(Call, Request request, Reply<Response> reply) {
  Response response;
  if (const Refusal refusal = check(request.components)) {
    refusal.put(response);
    return reply.send(response);
  }
  response.entries.emplace();
  for (const auto& [entity, values] : quotas_.all()) {
    if (!fits(entity, request.components, request.strict)) continue;
    auto& entry = response.entries->emplace_back();
    for (const auto& [type, name] : entity) entry.entity.push_back({.type = type, .name = name});
    for (const auto& [key, value] : values) entry.values.push_back({.key = key, .value = value});
  }
  reply.send(response);
}

void AlterClientQuotasHandler::handle(Call call, Request request, Reply<Response> reply) {
  std::vector<QuotaEntity> entities(request.entries.size());
  std::vector<Refusal> refusals;
  std::map<QuotaEntity, int> counts;
  for (size_t index = 0; index < entities.size(); ++index) {
    refusals.push_back(read_entity(request.entries[index], entities[index]));
    ++counts[entities[index]];
  }
  Response response;
  std::vector<size_t> proposed;
  std::vector<commit::Command> commands;
  for (size_t index = 0; index < entities.size(); ++index) {
    const Asked& asked = request.entries[index];
    Refusal& refusal = refusals[index];
    QuotaChanges changes;
    if (!refusal && counts[entities[index]] > 1) {
      refusal = invalid("The entity is named more than once.");
    }
    if (!refusal) refusal = read_changes(asked, entities[index], changes);
    auto& answer = response.entries.emplace_back();
    for (const auto& part : asked.entity) {
      answer.entity.push_back({.type = part.type, .name = part.name});
    }
    refusal.put(answer);
    if (refusal || changes.empty()) continue;
    commands.push_back(QuotaTable::change_command(entities[index], changes));
    proposed.push_back(index);
  }
  if (request.validate_only || commands.empty()) return reply.send(response);
  proposals_.propose(std::move(commands), *call.executor,
                     [response = std::move(response), proposed = std::move(proposed),
                      reply = std::move(reply)](Result<commit::Lsn> written) mutable {
                       if (!written) {
                         const Refusal refusal = Refusal::of(written.error());
                         for (const size_t index : proposed) refusal.put(response.entries[index]);
                       }
                       reply.send(response);
                     });
}

}  // namespace millrace::broker
