#include "broker/handlers/all_handlers.h"

#include <algorithm>
#include <iterator>

#include "broker/handlers/admin_handlers.h"
#include "broker/handlers/api_versions.h"
#include "broker/handlers/fetch.h"
#include "broker/handlers/group_handlers.h"
#include "broker/handlers/init_producer_id.h"
#include "broker/handlers/list_offsets.h"
#include "broker/handlers/metadata.h"
#include "broker/handlers/produce.h"

namespace millrace::broker {

std::vector<std::unique_ptr<Handler>> all_handlers(const HandlerParts& parts) {
  std::vector<std::unique_ptr<Handler>> handlers;
  const auto add = [&](auto handler) { handlers.push_back(std::move(handler)); };
  commit::Reader& reader = parts.log.reader();
  add(std::make_unique<ProduceHandler>(parts.log.appender(), parts.topics, parts.clock));
  add(std::make_unique<FetchHandler>(reader, parts.topics, parts.sessions, parts.waits,
                                     parts.cluster));
  add(std::make_unique<ListOffsetsHandler>(reader, parts.topics, parts.cluster));
  add(std::make_unique<MetadataHandler>(parts.topics, parts.maker, parts.cluster));
  add(std::make_unique<InitProducerIdHandler>(parts.producer_ids));
  std::ranges::move(group_handlers(parts.groups, parts.topics, parts.cluster),
                    std::back_inserter(handlers));
  std::ranges::move(admin_handlers(parts.log, parts.topics, parts.maker, parts.machines.settings,
                                   parts.settings, parts.machines.quotas, parts.cluster),
                    std::back_inserter(handlers));
  std::vector<int16_t> keys = {kafka::ApiVersionsRequest::kKey};
  for (const auto& handler : handlers) keys.push_back(handler->key());
  std::ranges::sort(keys);
  add(std::make_unique<ApiVersionsHandler>(std::move(keys)));
  return handlers;
}

}  // namespace millrace::broker
