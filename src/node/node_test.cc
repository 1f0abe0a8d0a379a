#include "node/node.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>

#include "commit/topic_command.h"
#include "io/await.h"
#include "io/simulated_world.h"
#include "session/client.h"

namespace millrace::node {
namespace {

class Silent final : public session::Client {
 public:
  void begin_rows(const data::SchemaPtr&, bool) override {}
  void rows(const data::Batch&) override {}
  void end_rows() override {}
  void done(std::string_view) override {}
  void notice(std::string_view) override {}
  void progress(const session::Progress&) override {}
};

class Nodes : public ::testing::Test {
 protected:
  Nodes() { open(); }

  void open() {
    node_.reset();
    auto opened = Node::open(world_.world(), {.data_folder = "/data",
                                              .ring_bytes_max = 1 << 20,
                                              .workers = 1,
                                              .print = {},
                                              .on_fatal = {}});
    ASSERT_TRUE(opened.has_value()) << opened.error().to_string();
    node_ = *std::move(opened);
  }
  void execute(const std::string& sql) {
    Silent client;
    const auto done = node_->new_session()->execute(sql, "test", client);
    ASSERT_TRUE(done.has_value()) << done.error().to_string();
  }
  std::map<std::string, std::string> config_of(const std::string& topic) {
    const auto found = node_->log().topics().describe(topic);
    EXPECT_TRUE(found.has_value()) << topic;
    return found ? found->config : std::map<std::string, std::string>();
  }
  // As an older program left it, which knew no defaults.
  void forget_settings(const std::string& topic) {
    const auto executor = world_.threads().start({.name = "test"});
    const auto id = node_->log().topics().describe(topic)->id;
    const auto done = io::await<commit::Lsn>(world_.threads(), [&](auto answer) {
      node_->log().proposals().propose(
          {commit::alter_topic_command(id, {},
                                       {{"cleanup.policy", std::nullopt},
                                        {"retention.ms", std::nullopt},
                                        {"retention.bytes", std::nullopt}})},
          *executor, std::move(answer));
    });
    ASSERT_TRUE(done.has_value());
    ASSERT_FALSE(config_of(topic).contains("retention.ms"));
  }
  void make_topic(const std::string& topic) {
    const auto executor = world_.threads().start({.name = "test"});
    const auto done = io::await<commit::TopicId>(world_.threads(), [&](auto answer) {
      node_->log().topics().create({.name = topic, .partitions = 1, .config = {}}, *executor,
                                   std::move(answer));
    });
    ASSERT_TRUE(done.has_value());
  }

  io::SimulatedWorld world_{{.seed = 5}};
  std::unique_ptr<Node> node_;
};

TEST_F(Nodes, TopicsThatTablesMadeKeepTheirRows) {
  execute("CREATE TABLE orders (id INT)");
  EXPECT_EQ(config_of("orders")["retention.ms"], "-1");
  EXPECT_EQ(config_of("orders")["retention.bytes"], "-1");
  EXPECT_EQ(config_of("orders")["cleanup.policy"], "delete");
  EXPECT_EQ(config_of("sys.errors")["cleanup.policy"], "delete");
  execute("CREATE TABLE stock (id INT PRIMARY KEY NOT ENFORCED)");
  EXPECT_EQ(config_of("stock")["cleanup.policy"], "compact");
}

TEST_F(Nodes, TopicsOfTablesFromBeforeThereWereDefaultsKeepTheirRowsToo) {
  execute("CREATE TABLE orders (id INT)");
  make_topic("of_clients");
  forget_settings("orders");
  open();
  EXPECT_EQ(config_of("orders")["retention.ms"], "-1");
  EXPECT_EQ(config_of("orders")["retention.bytes"], "-1");
  EXPECT_EQ(config_of("orders")["cleanup.policy"], "delete");
  EXPECT_TRUE(config_of("of_clients").empty());
}

}  // namespace
}  // namespace millrace::node
