#include "broker/broker.h"

#include <algorithm>
#include <string>
#include <utility>

#include "broker/cluster.h"
#include "broker/dispatcher.h"
#include "broker/fetch/fetch_sessions.h"
#include "broker/groups/group_coordinator.h"
#include "broker/handlers/all_handlers.h"
#include "broker/producer_ids.h"
#include "broker/settings/broker_settings.h"
#include "broker/topics/topic_maker.h"
#include "broker/transactions/transaction_coordinator.h"
#include "io/await.h"

namespace millrace::broker {
namespace {

constexpr int64_t kUsPerMs = 1'000;
constexpr int kDrainMsMax = 5'000;
// How long clients have to take their last answers.
constexpr int kFarewellMsMax = 1'000;

kafka::Uuid random_uuid(io::Random& random) {
  kafka::Uuid id;
  for (std::byte& byte : id.raw) byte = static_cast<std::byte>(random.next());
  return id;
}

}  // namespace

// In the order in which they are built; destroyed in the reverse one.
struct Broker::Modules {
  Modules(Parts given, BrokerOptions chosen)
      : parts(std::move(given)), options(std::move(chosen)) {}
  ~Modules();

  Parts parts;
  BrokerOptions options;
  std::shared_ptr<Traffic> traffic;
  std::vector<std::unique_ptr<io::Loop>> loops;
  std::unique_ptr<io::Executor> coordinators;
  Cluster cluster;
  std::optional<BrokerSettings> settings;
  std::optional<ClientQuotas> quotas;
  std::optional<ConnectionRates> rates;
  std::optional<TopicDirectory> topics;
  std::optional<TopicMaker> maker;
  std::optional<FetchSessions> sessions;
  FetchWaits waits;
  std::shared_ptr<GroupCoordinator> groups;
  std::optional<ProducerIds> producer_ids;
  std::shared_ptr<TransactionCoordinator> transactions;
  std::unique_ptr<Dispatcher> dispatcher;
  std::vector<std::unique_ptr<KafkaDoor>> doors;

  void pause();
  size_t connections() const;
  void say_goodbye();
  void start_threads();
  Result<void> know_cluster();
  void build();
  Result<void> open_doors();
};

// The log answers on executors of this broker, and wakes what hangs on partitions: all of that must
// be over before they go.
Broker::Modules::~Modules() {
  say_goodbye();
  doors.clear();
  if (traffic != nullptr) traffic->close();
  if (groups == nullptr) return;
  io::Notification transactions_stopped;
  transactions->stop([&] { transactions_stopped.set(); });
  parts.world.threads.wait(transactions_stopped);
  io::Notification stopped;
  groups->stop([&] { stopped.set(); });
  parts.world.threads.wait(stopped);
  for (int ms = 0; ms < kDrainMsMax && dispatcher != nullptr && dispatcher->in_flight() > 0; ++ms) {
    pause();
  }
  // Whatever the log's writer was about to say, it has said before it answers this.
  (void)io::await<commit::Lsn>(parts.world.threads, [&](auto done) {
    parts.log.proposals().propose({IdentityMachine::set_cluster(cluster.id)}, *coordinators,
                                  std::move(done));
  });
}

// What is in flight is answered; clients that do not take it are not waited for.
void Broker::Modules::say_goodbye() {
  for (const auto& door : doors) door->finish();
  waits.close();
  for (int ms = 0; ms < kFarewellMsMax && connections() > 0; ++ms) pause();
}

size_t Broker::Modules::connections() const {
  size_t count = 0;
  for (const auto& door : doors) count += door->connections();
  return count;
}

void Broker::Modules::pause() {
  io::Notification over;
  coordinators->post_at(coordinators->now() + io::kNsPerMs, [&] { over.set(); });
  parts.world.threads.wait(over);
}

void Broker::Modules::start_threads() {
  const uint32_t count =
      options.loops != 0 ? options.loops : static_cast<uint32_t>(parts.world.threads.parallelism());
  for (uint32_t index = 0; index < count; ++index) {
    loops.push_back(parts.world.network.start_loop({.name = "kafka-" + std::to_string(index)}));
  }
  coordinators = parts.world.threads.start({.name = "kafka-groups"});
}

Result<void> Broker::Modules::know_cluster() {
  if (parts.machines.identity.cluster().empty()) {
    const kafka::Uuid fresh = random_uuid(parts.world.random);
    MILLRACE_TRY(io::await<commit::Lsn>(parts.world.threads, [&](auto done) {
      parts.log.proposals().propose({IdentityMachine::set_cluster(fresh)}, *coordinators,
                                    std::move(done));
    }));
  }
  cluster = {.id = parts.machines.identity.cluster(),
             .node_id = options.node_id,
             .leader_epoch = parts.log.reader().leader_epoch()};
  return {};
}

void Broker::Modules::build() {
  settings.emplace(parts.machines.settings, cluster, options.settings);
  quotas.emplace(parts.machines.quotas, parts.world.clock);
  rates.emplace(parts.machines.quotas, parts.world.clock);
  const auto frame_bytes = static_cast<size_t>(settings->number("socket.request.max.bytes"));
  // The largest request fits into half of it.
  traffic = std::make_shared<Traffic>(
      std::max(static_cast<size_t>(settings->number("queued.max.request.bytes")), 2 * frame_bytes));
  topics.emplace(parts.log, cluster.id, &*settings);
  maker.emplace(parts.log.proposals(), *topics, *settings, cluster);
  sessions.emplace(
      parts.world.random,
      static_cast<size_t>(settings->number("max.incremental.fetch.session.cache.slots")));
  groups = GroupCoordinator::start({.log = parts.log,
                                    .topics = *topics,
                                    .executor = *coordinators,
                                    .clock = parts.world.clock,
                                    .random = parts.world.random,
                                    .on_problem = parts.on_problem},
                                   group_options(*settings));
  producer_ids.emplace(parts.machines.identity, parts.log.proposals(), *coordinators);
  transactions = TransactionCoordinator::start({.log = parts.log,
                                                .topics = *topics,
                                                .groups = *groups,
                                                .producer_ids = *producer_ids,
                                                .executor = *coordinators,
                                                .clock = parts.world.clock},
                                               transaction_options(*settings));
  dispatcher = std::make_unique<Dispatcher>(all_handlers({.log = parts.log,
                                                          .clock = parts.world.clock,
                                                          .cluster = cluster,
                                                          .machines = parts.machines,
                                                          .settings = *settings,
                                                          .topics = *topics,
                                                          .maker = *maker,
                                                          .sessions = *sessions,
                                                          .waits = waits,
                                                          .groups = *groups,
                                                          .producer_ids = *producer_ids,
                                                          .transactions = *transactions,
                                                          .disk_space = parts.disk_space}),
                                            &*quotas);
}

Result<void> Broker::Modules::open_doors() {
  std::vector<io::Loop*> shared;
  for (const auto& loop : loops) shared.push_back(loop.get());
  for (DoorOptions door : options.doors) {
    door.limits.frame_bytes_max =
        static_cast<uint32_t>(settings->number("socket.request.max.bytes"));
    door.limits.idle_ns_max = settings->number("connections.max.idle.ms") * io::kNsPerMs;
    door.connections_max = static_cast<size_t>(settings->number("max.connections"));
    door.connections_per_host_max = static_cast<size_t>(settings->number("max.connections.per.ip"));
    doors.push_back(MILLRACE_TRY(KafkaDoor::open(
        {.dispatcher = *dispatcher,
         .network = parts.world.network,
         .loops = shared,
         .account = parts.received,
         .traffic = traffic,
         .rates = &*rates,
         .on_problem =
             [report = parts.on_problem](const std::string& peer, const Error& why) {
               if (report) report(Error(why).within("kafka client " + peer));
             }},
        door)));
  }
  return {};
}

Broker::Broker(std::unique_ptr<Modules> modules) : modules_(std::move(modules)) {}

Broker::~Broker() = default;

Result<std::unique_ptr<Broker>> Broker::open(Parts parts, BrokerOptions options) {
  auto modules = std::make_unique<Modules>(std::move(parts), std::move(options));
  modules->start_threads();
  MILLRACE_TRY(modules->know_cluster());
  modules->build();
  MILLRACE_TRY(modules->open_doors());
  return std::unique_ptr<Broker>(new Broker(std::move(modules)));
}

std::vector<io::Address> Broker::addresses() const {
  std::vector<io::Address> addresses;
  for (const auto& door : modules_->doors) addresses.push_back(door->address());
  return addresses;
}

size_t Broker::connections() const {
  return modules_->connections();
}

size_t Broker::traffic_bytes() const {
  return modules_->traffic->bytes();
}

size_t Broker::waiting_connections() const {
  return modules_->traffic->waiting();
}

const ClientQuotas& Broker::quotas() const {
  return *modules_->quotas;
}

uint64_t Broker::connections_refused() const {
  return modules_->rates->refused();
}

const ApiCounters& Broker::apis() const {
  return modules_->dispatcher->counters();
}

size_t Broker::fetch_sessions() const {
  return modules_->sessions->size();
}

void Broker::status(io::Executor& executor, io::Completion<BrokerStatus> done) const {
  const std::weak_ptr<TransactionCoordinator> weak = modules_->transactions;
  const int64_t now_ms = modules_->parts.world.clock.wall_us() / kUsPerMs;
  modules_->groups->status(
      [&executor, weak, now_ms, done = std::move(done)](std::vector<GroupStatus> groups) mutable {
        const auto transactions = weak.lock();
        if (transactions == nullptr) return;
        transactions->describe({}, [&executor, now_ms, groups = std::move(groups),
                                    done = std::move(done)](TransactionListing listing) mutable {
          BrokerStatus status{.groups = std::move(groups)};
          for (const TransactionView& view : listing.transactions) {
            if (view.record.state != TransactionState::kOngoing) continue;
            ++status.open_transactions;
            status.oldest_transaction_ms =
                std::max(status.oldest_transaction_ms, now_ms - view.record.began_ms);
          }
          executor.post([status = std::move(status), done = std::move(done)]() mutable {
            done(std::move(status));
          });
        });
      });
}

}  // namespace millrace::broker
