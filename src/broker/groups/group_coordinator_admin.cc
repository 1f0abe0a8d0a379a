#include "broker/groups/group_coordinator.h"

namespace millrace::broker {

using kafka::ProtocolError;

// What administrators see of groups, and delete.

GroupView GroupCoordinator::view(std::string_view id) {
  GroupView view;
  view.id = id;
  view.error = ready();
  if (view.error != ProtocolError::kNone) return view;
  const Entry* const entry = find(id);
  if (entry == nullptr) {
    view.error = ProtocolError::kGroupIdNotFound;
    return view;
  }
  const Group& group = entry->group;
  const bool stable = group.state() == GroupState::kStable;
  view.state = name_of(group.state());
  view.protocol_type = group.protocol_type();
  if (stable) view.protocol = group.protocol();
  for (const auto& [member_id, member] : group.members()) {
    view.members.push_back({.id = member_id,
                            .instance_id = member.instance_id,
                            .client_id = member.client_id,
                            .client_host = member.client_host,
                            .metadata = stable ? member.metadata(group.protocol()) : Buffer(),
                            .assignment = stable ? member.assignment : Buffer()});
  }
  return view;
}

void GroupCoordinator::describe(std::vector<std::string> groups,
                                io::Completion<std::vector<GroupView>> done) {
  run([this, groups = std::move(groups), done = std::move(done)]() mutable {
    std::vector<GroupView> views;
    for (const std::string& id : groups) views.push_back(view(id));
    done(std::move(views));
  });
}

void GroupCoordinator::list(io::Completion<GroupListing> done) {
  run([this, done = std::move(done)]() mutable {
    GroupListing listing;
    listing.error = ready();
    if (listing.error != ProtocolError::kNone) return done(std::move(listing));
    for (const auto& [id, entry] : groups_) {
      GroupView& view = listing.groups.emplace_back();
      view.id = id;
      view.state = name_of(entry->group.state());
      view.protocol_type = entry->group.protocol_type();
    }
    done(std::move(listing));
  });
}

void GroupCoordinator::status(io::Completion<std::vector<GroupStatus>> done) {
  run([this, done = std::move(done)]() mutable {
    std::vector<GroupStatus> all;
    if (ready() != ProtocolError::kNone) return done(std::move(all));
    for (const auto& [id, entry] : groups_) {
      GroupStatus& status = all.emplace_back();
      status.id = id;
      status.state = name_of(entry->group.state());
      status.members = entry->group.members().size();
      for (const auto& [partition, offset] : entry->offsets.committed()) {
        status.offsets.emplace_back(partition, offset.value.offset);
      }
    }
    done(std::move(all));
  });
}

void GroupCoordinator::drop_if_over(const std::string& id) {
  const auto found = groups_.find(id);
  const Entry& entry = *found->second;
  if (!entry.group.idle() || !entry.offsets.empty() || entry.writes > 0) return;
  deadlines_.erase({entry.armed, id});
  groups_.erase(found);
}

void GroupCoordinator::remove(std::vector<std::string> groups,
                              io::Completion<std::vector<ProtocolError>> done) {
  struct Gathering {
    std::vector<ProtocolError> errors;
    io::Completion<std::vector<ProtocolError>> done;
    ~Gathering() { done(std::move(errors)); }
  };
  run([this, groups = std::move(groups), done = std::move(done)]() mutable {
    const auto gathering = std::make_shared<Gathering>();
    gathering->errors.assign(groups.size(), ready());
    gathering->done = std::move(done);
    if (ready() != ProtocolError::kNone) return;
    for (size_t i = 0; i < groups.size(); ++i) {
      Entry* const entry = find(groups[i]);
      if (entry == nullptr) {
        gathering->errors[i] = ProtocolError::kGroupIdNotFound;
      } else if (entry->group.state() != GroupState::kEmpty) {
        gathering->errors[i] = ProtocolError::kNonEmptyGroup;
      } else {
        entry->group.forget_pending();
        gathering->errors[i] = ProtocolError::kCoordinatorNotAvailable;  // until it is gone
        forget(*entry, entry->offsets.all(), true,
               [gathering, i](ProtocolError error) { gathering->errors[i] = error; });
      }
    }
  });
}

}  // namespace millrace::broker
