#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "io/fault_plan.h"
#include "io/simulated_content.h"
#include "io/simulated_random.h"

namespace millrace::io {

struct SimulatedNode {
  bool is_folder = false;
  bool locked = false;
  int64_t modified_us = 0;
  SimulatedContent content;
};
using SimulatedNodePtr = std::shared_ptr<SimulatedNode>;

// One spelling for each path: no ".", "..", doubled or trailing '/'. "" is the current folder.
std::string normal_path(std::string_view path);

// SimulatedNames: the tree of names of a simulated disk, as it is seen and as the medium has it: a
// change reaches the medium when one of its folders is synced, together with the earlier changes
// that it builds on. Paths are normal. The roots "" and "/" always exist.
//
// Threading: confined to its file system's lock.
class SimulatedNames {
 public:
  // Null if there is none.
  SimulatedNodePtr find(const std::string& path) const;
  bool is_folder(const std::string& path) const;
  // The names directly in the folder, sorted.
  std::vector<std::string> children(const std::string& folder) const;
  void link(const std::string& path, SimulatedNodePtr node) { change({{}, path, std::move(node)}); }
  void unlink(const std::string& path) { change({path, {}, nullptr}); }
  // A folder takes all below it along.
  void rename(const std::string& from, const std::string& to) { change({from, to, find(from)}); }
  void sync_folder(const std::string& folder);
  // All files crash, too.
  void crash(CrashMode mode, SimulatedRandom& random);
  // Sum of the sizes of all files.
  uint64_t used_bytes() const;
  // Memory that all files take.
  uint64_t held_bytes() const;

 private:
  using Tree = std::map<std::string, SimulatedNodePtr>;
  struct Change {
    std::string from;  // goes, unless empty
    std::string to;    // becomes the node, unless empty
    SimulatedNodePtr node;
  };
  void change(Change change);
  static void apply(const Change& change, Tree& tree);
  static void drop_orphans(Tree& tree);

  Tree seen_;
  Tree medium_;
  std::vector<Change> unsynced_;  // oldest first
};

}  // namespace millrace::io
