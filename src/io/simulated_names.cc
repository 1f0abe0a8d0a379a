#include "io/simulated_names.h"

#include <algorithm>
#include <ranges>
#include <set>
#include <utility>

namespace millrace::io {
namespace {

bool is_root(std::string_view path) {
  return path.empty() || path == "/";
}

std::string prefix_of(const std::string& folder) {
  return is_root(folder) ? folder : folder + "/";
}

// The normal path of the folder that holds a normal path.
std::string_view folder_of(std::string_view path) {
  const size_t slash = path.find_last_of('/');
  if (slash == std::string_view::npos) return "";
  return path.substr(0, slash == 0 ? 1 : slash);
}

}  // namespace

std::string normal_path(std::string_view path) {
  const bool absolute = path.starts_with('/');
  std::vector<std::string_view> parts;
  for (const auto range : std::views::split(path, '/')) {
    const std::string_view part(range.begin(), range.end());
    if (part.empty() || part == ".") continue;
    if (part == ".." && !parts.empty() && parts.back() != "..") {
      parts.pop_back();
    } else if (part != ".." || !absolute) {
      parts.push_back(part);
    }
  }
  std::string normal = absolute ? "/" : "";
  for (const std::string_view part : parts) {
    if (!is_root(normal)) normal += '/';
    normal += part;
  }
  return normal;
}

SimulatedNodePtr SimulatedNames::find(const std::string& path) const {
  const auto found = seen_.find(path);
  return found == seen_.end() ? nullptr : found->second;
}

bool SimulatedNames::is_folder(const std::string& path) const {
  if (is_root(path)) return true;
  const SimulatedNodePtr node = find(path);
  return node != nullptr && node->is_folder;
}

std::vector<std::string> SimulatedNames::children(const std::string& folder) const {
  const std::string prefix = prefix_of(folder);
  std::vector<std::string> names;
  for (auto next = seen_.lower_bound(prefix); next != seen_.end(); ++next) {
    const std::string& path = next->first;
    if (!path.starts_with(prefix)) break;
    if (folder_of(path) == folder) names.push_back(path.substr(prefix.size()));
  }
  std::ranges::sort(names);
  return names;
}

void SimulatedNames::change(Change change) {
  apply(change, seen_);
  unsynced_.push_back(std::move(change));
}

void SimulatedNames::apply(const Change& change, Tree& tree) {
  if (!change.to.empty()) tree[change.to] = change.node;
  if (change.from.empty()) return;
  tree.erase(change.from);
  const std::string prefix = prefix_of(change.from);
  for (auto next = tree.lower_bound(prefix);
       next != tree.end() && next->first.starts_with(prefix);) {
    auto moved = tree.extract(next++);
    if (change.to.empty()) continue;
    moved.key() = prefix_of(change.to) + moved.key().substr(prefix.size());
    tree.insert(std::move(moved));
  }
}

void SimulatedNames::sync_folder(const std::string& folder) {
  std::set<std::string> needed;
  std::vector<bool> chosen(unsynced_.size());
  for (size_t index = unsynced_.size(); index-- > 0;) {
    const Change& change = unsynced_[index];
    for (const std::string* path : {&change.from, &change.to}) {
      if (path->empty()) continue;
      if (folder_of(*path) == folder || needed.contains(*path)) chosen[index] = true;
    }
    if (chosen[index]) needed.insert({change.from, change.to});
  }
  std::vector<Change> rest;
  for (size_t index = 0; index < unsynced_.size(); ++index) {
    if (chosen[index]) {
      apply(unsynced_[index], medium_);
    } else {
      rest.push_back(std::move(unsynced_[index]));
    }
  }
  unsynced_ = std::move(rest);
  // Names that came here with their folder, when that was renamed, were changed under another path.
  for (const std::string& name : children(folder)) {
    const std::string path = prefix_of(folder) + name;
    medium_[path] = seen_[path];
  }
}

void SimulatedNames::drop_orphans(Tree& tree) {
  // In the order of paths a folder comes before all below it.
  std::erase_if(tree, [&](const auto& entry) {
    const std::string folder(folder_of(entry.first));
    return !is_root(folder) && !tree.contains(folder);
  });
}

void SimulatedNames::crash(CrashMode mode, SimulatedRandom& random) {
  if (mode != CrashMode::kProcess) {
    const size_t kept = mode == CrashMode::kTear ? random.below(unsynced_.size() + 1) : 0;
    for (size_t index = 0; index < kept; ++index) apply(unsynced_[index], medium_);
    unsynced_.clear();
    drop_orphans(medium_);
    seen_ = medium_;
  }
  for (const auto& [path, node] : seen_) {
    node->locked = false;
    node->content.crash(mode, random);
  }
}

uint64_t SimulatedNames::used_bytes() const {
  uint64_t bytes = 0;
  for (const auto& [path, node] : seen_) bytes += node->content.bytes();
  return bytes;
}

uint64_t SimulatedNames::held_bytes() const {
  uint64_t bytes = 0;
  for (const auto& [path, node] : seen_) bytes += node->content.held_bytes();
  return bytes;
}

}  // namespace millrace::io
