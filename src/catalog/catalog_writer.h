#pragma once

#include <map>
#include <string>

#include "base/result.h"
#include "catalog/catalog_machine.h"
#include "commit/commit_log.h"
#include "io/executor.h"

namespace millrace::catalog {

// What the topic of a table sets, so that the table keeps its rows (`by_key`: the newest of each
// key), whatever topics keep that say nothing.
std::map<std::string, std::string> kept_topic_config(bool by_key);

// CatalogWriter: changes of the durable names: a table and its topic come and go in one entry of
// the log.
//
// Threading:  blocks; from a door's thread, never from an executor.
// Ownership:  everything given outlives it.
// Failure:    kVersionConflict where somebody else changed the catalog meanwhile: bind again;
//             kTableExists, kTableNotFound; what the log says.
class CatalogWriter {
 public:
  CatalogWriter(CatalogMachine& machine, commit::CommitLog& log, io::Threads& threads,
                io::Executor& executor)
      : machine_(machine), log_(log), threads_(threads), executor_(executor) {}

  CatalogPtr current() const { return machine_.current(); }
  // Creates the relation, and the topic of a table of the log that has none yet.
  Result<void> create(Relation relation, const NamePath& path, bool replace, uint64_t version);
  // Drops it, and the topic that its CREATE TABLE made.
  Result<void> drop(const Relation& relation, uint64_t version);

 private:
  Result<void> propose(std::vector<commit::Command> commands);

  CatalogMachine& machine_;
  commit::CommitLog& log_;
  io::Threads& threads_;
  io::Executor& executor_;
};

}  // namespace millrace::catalog
