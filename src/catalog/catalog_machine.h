#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>

#include "catalog/catalog.h"
#include "commit/proposals.h"
#include "commit/state_machine.h"

namespace millrace::catalog {

// DefinitionReader: canonical statement -> definition; filled by `plan`, which knows SQL and types.
//
// Threading:  immutable.
// Failure:    the statement does not fit this build (a function or connector is gone): the relation
//             is kept, broken, so that it can still be shown and dropped.
class DefinitionReader {
 public:
  virtual ~DefinitionReader() = default;
  // `path` is where names in the statement began when it was made.
  virtual Result<Relation> read(std::string_view statement, const QualifiedName& name,
                                const NamePath& path) const = 0;
};

// CatalogMachine: the durable names, changed by proposals. Its form in the log and in the
// checkpoint is the canonical printed statement of each relation.
//
// Threading:  synchronised inside; current() may be called from anywhere.
// Ownership:  `reader` outlives the machine.
class CatalogMachine final : public commit::StateMachine {
 public:
  explicit CatalogMachine(const DefinitionReader& reader);

  // The newest state. Never null.
  CatalogPtr current() const;
  // Relations made by the program (sys.*): in every state, in none of the durable forms.
  // REQUIRES: before the machine is registered.
  void add_system(Relation relation);

  // Puts a relation under its name. Checked: kTableExists unless `replace`.
  static commit::Command create_command(const Relation& relation, const NamePath& path,
                                        bool replace, uint64_t expected_version);
  // Checked: kTableNotFound.
  static commit::Command drop_command(const QualifiedName& name, uint64_t expected_version);

  std::string_view tag() const override { return "catalog"; }
  Result<void> check(std::span<const commit::Command> commands) const override;
  void apply(commit::Lsn lsn, std::string_view command) override;
  std::string snapshot() const override;
  Result<void> restore(std::string_view snapshot) override;

 private:
  struct Entry {
    QualifiedName name;
    NamePath path;
    bool made_topic = false;
    std::string statement;
  };
  struct Change;
  static std::string encode(const Entry& entry);
  static std::optional<Entry> take_entry(std::span<const std::byte>& from);
  static std::optional<Change> decode(std::string_view command);
  Relation read(const Entry& entry) const;

  const DefinitionReader& reader_;
  mutable std::mutex mutex_;
  std::map<QualifiedName, Entry> entries_;  // guarded by mutex_
  CatalogPtr system_;                       // constant once registered
  CatalogPtr current_;                      // guarded by mutex_
};

}  // namespace millrace::catalog
