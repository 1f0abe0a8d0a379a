#include "catalog/catalog_machine.h"

#include "base/assert.h"
#include "base/varint.h"

namespace millrace::catalog {
namespace {

// The first byte of a command, and the version of a snapshot. Part of the log's content: never
// reused.
constexpr uint64_t kCreate = 1;
constexpr uint64_t kReplace = 2;
constexpr uint64_t kDrop = 3;
constexpr uint64_t kSnapshotVersion = 1;

void append_text(std::string& to, std::string_view text) {
  append_varint(to, text.size());
  to.append(text);
}

std::optional<std::string> take_text(std::span<const std::byte>& from) {
  const std::optional<uint64_t> bytes = take_varint(from);
  if (!bytes || *bytes > from.size()) return std::nullopt;
  std::string text(reinterpret_cast<const char*>(from.data()), *bytes);
  from = from.subspan(*bytes);
  return text;
}

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

}  // namespace

struct CatalogMachine::Change {
  uint64_t kind = 0;
  Entry entry;
};

std::string CatalogMachine::encode(const Entry& entry) {
  std::string bytes;
  append_text(bytes, entry.name.database);
  append_text(bytes, entry.name.schema);
  append_text(bytes, entry.name.object);
  append_text(bytes, entry.path.database);
  append_text(bytes, entry.path.schema);
  append_varint(bytes, entry.made_topic ? 1 : 0);
  append_text(bytes, entry.statement);
  return bytes;
}

std::optional<CatalogMachine::Entry> CatalogMachine::take_entry(std::span<const std::byte>& from) {
  Entry entry;
  for (std::string* text : {&entry.name.database, &entry.name.schema, &entry.name.object,
                            &entry.path.database, &entry.path.schema}) {
    std::optional<std::string> taken = take_text(from);
    if (!taken) return std::nullopt;
    *text = *std::move(taken);
  }
  const std::optional<uint64_t> made_topic = take_varint(from);
  std::optional<std::string> statement = take_text(from);
  if (!made_topic || !statement) return std::nullopt;
  entry.made_topic = *made_topic != 0;
  entry.statement = *std::move(statement);
  return entry;
}

std::optional<CatalogMachine::Change> CatalogMachine::decode(std::string_view command) {
  std::span<const std::byte> from = bytes_of(command);
  const std::optional<uint64_t> kind = take_varint(from);
  if (!kind || *kind < kCreate || *kind > kDrop) return std::nullopt;
  std::optional<Entry> entry = take_entry(from);
  if (!entry || !from.empty()) return std::nullopt;
  return Change{*kind, *std::move(entry)};
}

CatalogMachine::CatalogMachine(const DefinitionReader& reader)
    : reader_(reader), system_(std::make_shared<Catalog>()), current_(system_) {}

CatalogPtr CatalogMachine::current() const {
  const std::lock_guard lock(mutex_);
  return current_;
}

void CatalogMachine::add_system(Relation relation) {
  relation.system = true;
  const std::lock_guard lock(mutex_);
  MILLRACE_ASSERT(entries_.empty());
  system_ = system_->with(std::move(relation), 0);
  current_ = system_;
}

commit::Command CatalogMachine::create_command(const Relation& relation, const NamePath& path,
                                               bool replace, uint64_t expected_version) {
  std::string body;
  append_varint(body, replace ? kReplace : kCreate);
  body += encode({relation.name, path, relation.made_topic, relation.statement});
  return {"catalog", std::move(body), expected_version};
}

commit::Command CatalogMachine::drop_command(const QualifiedName& name, uint64_t expected_version) {
  std::string body;
  append_varint(body, kDrop);
  body += encode({.name = name});
  return {"catalog", std::move(body), expected_version};
}

Result<void> CatalogMachine::check(std::span<const commit::Command> commands) const {
  const std::lock_guard lock(mutex_);
  std::map<QualifiedName, bool> changed;  // names that earlier commands of this proposal touched
  for (const commit::Command& command : commands) {
    const std::optional<Change> change = decode(command.body);
    if (!change) return Error(ErrorCode::kInternal, "a command of the catalog cannot be read");
    const QualifiedName& name = change->entry.name;
    const auto before = changed.find(name);
    const Relation* relation = system_->find_exact(name);
    if (relation != nullptr) {
      return Error(ErrorCode::kTableExists, name.to_short_string() + " is a system " +
                                                relation->noun() + " and cannot be changed");
    }
    const bool exists = before != changed.end() ? before->second : entries_.contains(name);
    if (change->kind == kCreate && exists) {
      return Error(ErrorCode::kTableExists, "'" + name.to_short_string() + "' exists already")
          .remedy("Choose another name, DROP it first, or write IF NOT EXISTS.");
    }
    if (change->kind == kDrop && !exists) {
      return Error(ErrorCode::kTableNotFound,
                   "there is no table or view '" + name.to_short_string() + "'");
    }
    changed[name] = change->kind != kDrop;
  }
  return {};
}

Relation CatalogMachine::read(const Entry& entry) const {
  Result<Relation> read = reader_.read(entry.statement, entry.name, entry.path);
  Relation relation;
  if (read) {
    relation = *std::move(read);
  } else {
    relation.broken = std::move(read).error();
  }
  relation.name = entry.name;
  relation.statement = entry.statement;
  relation.made_topic = entry.made_topic;
  return relation;
}

void CatalogMachine::apply(commit::Lsn, std::string_view command) {
  std::optional<Change> change = decode(command);
  MILLRACE_ASSERT(change.has_value());
  const std::lock_guard lock(mutex_);
  const uint64_t version = current_->version() + 1;
  const QualifiedName name = change->entry.name;
  if (change->kind == kDrop) {
    entries_.erase(name);
    current_ = current_->without(name, version);
    return;
  }
  current_ = current_->with(read(change->entry), version);
  entries_[name] = std::move(change->entry);
}

std::string CatalogMachine::snapshot() const {
  const std::lock_guard lock(mutex_);
  std::string bytes;
  append_varint(bytes, kSnapshotVersion);
  append_varint(bytes, current_->version());
  append_varint(bytes, entries_.size());
  for (const auto& [name, entry] : entries_) bytes += encode(entry);
  return bytes;
}

Result<void> CatalogMachine::restore(std::string_view snapshot) {
  std::span<const std::byte> from = bytes_of(snapshot);
  const Error corrupt(ErrorCode::kCorruptState, "the snapshot of the catalog cannot be read");
  const std::optional<uint64_t> format = take_varint(from);
  if (!format || *format != kSnapshotVersion) return corrupt;
  const std::optional<uint64_t> version = take_varint(from);
  const std::optional<uint64_t> count = take_varint(from);
  if (!version || !count) return corrupt;
  std::map<QualifiedName, Entry> entries;
  CatalogPtr restored = system_;
  for (uint64_t i = 0; i < *count; ++i) {
    std::optional<Entry> entry = take_entry(from);
    if (!entry) return corrupt;
    restored = restored->with(read(*entry), *version);
    const QualifiedName name = entry->name;
    entries[name] = *std::move(entry);
  }
  if (!from.empty()) return corrupt;
  const std::lock_guard lock(mutex_);
  entries_ = std::move(entries);
  current_ = restored->at_version(*version);
  return {};
}

}  // namespace millrace::catalog
