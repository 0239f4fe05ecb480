-- The request comes from files, so that no body is too big for a command line; the report goes out as one line of JSON.
local statuses = {}
local threads = {}

local function content(file)
  local handle = assert(io.open(file, "rb"))
  local text = handle:read("*a")
  handle:close()
  return text
end

wrk.method = "POST"
wrk.body = content(os.getenv("BENCH_BODY"))
for line in content(os.getenv("BENCH_HEADERS")):gmatch("[^\n]+") do
  local name, value = line:match("^(.-): (.*)$")
  wrk.headers[name] = value
end

-- Reading each answer costs the generator time: only where the kinds of refusals matter.
if os.getenv("BENCH_COUNT_STATUSES") == "1" then
  counts = {}
  function response(status)
    counts[tostring(status)] = (counts[tostring(status)] or 0) + 1
  end
end

function setup(thread)
  table.insert(threads, thread)
end

function done(summary, latency)
  for _, thread in ipairs(threads) do
    for status, count in pairs(thread:get("counts") or {}) do
      statuses[status] = (statuses[status] or 0) + count
    end
  end
  local counted = {}
  for status, count in pairs(statuses) do
    table.insert(counted, string.format('"%s":%d', status, count))
  end
  local e = summary.errors
  io.write(string.format(
    '\n{"requests":%d,"us":%d,"p50":%d,"p99":%d,"max":%d,"connect":%d,"read":%d,"write":%d,"timeout":%d,"status":%d,"statuses":{%s}}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99), latency.max,
    e.connect, e.read, e.write, e.timeout, e.status, table.concat(counted, ",")))
end
