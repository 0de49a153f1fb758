-- Load for wrk: POSTs a prepared body in which every @ID@ becomes a fresh event id.
-- wrk -s bench/ingest_load.lua URL -- FILE_OF_THE_BODY USER_AGENT PREFIX_OF_16_HEX_DIGITS
-- At the end one line of JSON: requests, seconds, per_second, refused, p50 and p99 in ms.

local parts = {}
local prefix, number = "", 0

function init(args)
   local file = assert(io.open(args[1]))
   local text = file:read("*a")
   file:close()
   local from = 1
   while true do
      local at = text:find("@ID@", from, true)
      parts[#parts + 1] = text:sub(from, (at or 0) - 1)
      if not at then break end
      from = at + 4
   end
   prefix = args[3]
   wrk.headers["Content-Type"] = "text/plain"
   wrk.headers["User-Agent"] = args[2]
   wrk.headers["Origin"] = "https://www.pump.example"
end

function request()
   local pieces = { parts[1] }
   for place = 2, #parts do
      number = number + 1
      pieces[#pieces + 1] = string.format("%s%016x", prefix, number)
      pieces[#pieces + 1] = parts[place]
   end
   return wrk.format("POST", nil, nil, table.concat(pieces))
end

function done(summary, latency)
   local seconds = summary.duration / 1e6
   local errors = summary.errors
   io.write(string.format(
      '\n{"requests": %d, "seconds": %.3f, "per_second": %.1f, "refused": %d, "p50": %.2f, "p99": %.2f}\n',
      summary.requests, seconds, summary.requests / seconds,
      errors.connect + errors.read + errors.write + errors.status + errors.timeout,
      latency:percentile(50) / 1000, latency:percentile(99) / 1000))
end
