#include "broker/handlers/all_handlers.h"

#include <algorithm>
#include <iterator>

#include "broker/handlers/admin_handlers.h"
#include "broker/handlers/api_versions.h"
#include "broker/handlers/fetch.h"
#include "broker/handlers/group_handlers.h"
#include "broker/handlers/list_offsets.h"
#include "broker/handlers/metadata.h"
#include "broker/handlers/offset_for_leader_epoch.h"
#include "broker/handlers/produce.h"
#include "broker/handlers/producers.h"
#include "broker/handlers/transaction_admin.h"
#include "broker/handlers/transaction_handlers.h"
#include "broker/settings/features.h"

namespace millrace::broker {

std::vector<std::unique_ptr<Handler>> all_handlers(const HandlerParts& parts) {
  std::vector<std::unique_ptr<Handler>> handlers;
  const auto add = [&](auto handler) { handlers.push_back(std::move(handler)); };
  commit::Reader& reader = parts.log.reader();
  const auto claim = [&transactions = parts.transactions](TransactionClaim of, auto done) {
    transactions.claim(std::move(of), [done = std::move(done)](TransactionAnswer answer) mutable {
      done(answer.error);
    });
  };
  add(std::make_unique<ProduceHandler>(parts.log.appender(), parts.topics, claim, parts.clock));
  add(std::make_unique<FetchHandler>(reader, parts.topics, parts.sessions, parts.waits,
                                     parts.cluster));
  add(std::make_unique<ListOffsetsHandler>(reader, parts.topics, parts.cluster));
  add(std::make_unique<OffsetForLeaderEpochHandler>(reader, parts.topics, parts.cluster));
  add(std::make_unique<MetadataHandler>(parts.topics, parts.maker, parts.cluster));
  add(std::make_unique<InitProducerIdHandler>(parts.transactions, parts.producer_ids));
  add(std::make_unique<AddPartitionsToTxnHandler>(parts.transactions, parts.topics));
  add(std::make_unique<AddOffsetsToTxnHandler>(parts.transactions));
  add(std::make_unique<EndTxnHandler>(parts.transactions));
  add(std::make_unique<DescribeProducersHandler>(reader, parts.topics));
  add(std::make_unique<WriteTxnMarkersHandler>(parts.log, parts.topics, parts.groups, parts.clock));
  add(std::make_unique<DescribeTransactionsHandler>(parts.transactions));
  add(std::make_unique<ListTransactionsHandler>(parts.transactions, parts.clock));
  add(std::make_unique<TxnOffsetCommitHandler>(parts.transactions, parts.groups, parts.topics));
  std::ranges::move(group_handlers(parts.groups, parts.topics, parts.cluster),
                    std::back_inserter(handlers));
  std::ranges::move(
      admin_handlers(parts.log, parts.topics, parts.maker, parts.machines.settings, parts.settings,
                     parts.machines.quotas, parts.cluster, parts.disk_space),
      std::back_inserter(handlers));
  std::vector<int16_t> keys = {kafka::ApiVersionsRequest::kKey};
  for (const auto& handler : handlers) keys.push_back(handler->key());
  std::ranges::sort(keys);
  const Features features(parts.machines.settings, parts.log.proposals());
  add(std::make_unique<ApiVersionsHandler>(std::move(keys), features));
  return handlers;
}

}  // namespace millrace::broker
