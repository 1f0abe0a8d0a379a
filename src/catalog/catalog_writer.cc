#include "catalog/catalog_writer.h"

#include "io/await.h"

namespace millrace::catalog {
namespace {

constexpr std::string_view kLogConnector = "log";

bool is_topic(const Relation& relation) {
  return relation.table != nullptr && relation.table->connector->name == kLogConnector;
}

commit::TopicSpec topic_of(const TableDefinition& table) {
  commit::TopicSpec topic{
      .name = table.topic(), .partitions = 1, .config = kept_topic_config(table.is_upsert())};
  if (table.options.has("partitions")) {
    topic.partitions = static_cast<uint32_t>(table.options.integer("partitions"));
  }
  return topic;
}

}  // namespace

std::map<std::string, std::string> kept_topic_config(bool by_key) {
  return {{"cleanup.policy", by_key ? "compact" : "delete"},
          {"retention.bytes", "-1"},
          {"retention.ms", "-1"}};
}

Result<void> CatalogWriter::create(Relation relation, const NamePath& path, bool replace,
                                   uint64_t version) {
  std::vector<commit::Command> commands;
  if (is_topic(relation) && !log_.topics().describe(relation.table->topic())) {
    relation.made_topic = true;
    commands.push_back(commit::create_topic_command(topic_of(*relation.table)));
  }
  commands.push_back(CatalogMachine::create_command(relation, path, replace, version));
  return propose(std::move(commands));
}

Result<void> CatalogWriter::drop(const Relation& relation, uint64_t version) {
  std::vector<commit::Command> commands;
  if (relation.made_topic && relation.table != nullptr) {
    const auto topic = log_.topics().describe(relation.table->topic());
    if (topic) commands.push_back(commit::delete_topic_command(topic->id));
  }
  commands.push_back(CatalogMachine::drop_command(relation.name, version));
  return propose(std::move(commands));
}

Result<void> CatalogWriter::propose(std::vector<commit::Command> commands) {
  MILLRACE_TRY(io::await<commit::Lsn>(threads_, [&](auto done) {
    log_.proposals().propose(std::move(commands), executor_, std::move(done));
  }));
  return {};
}

}  // namespace millrace::catalog
