-- Question: how many events from before a time have their whole address still?
-- Grain: one row with their number, of every site: it is housekeeping.
-- Parameters: before DateTime64(3)
SELECT count() FROM events
WHERE time < {before:DateTime64(3, 'UTC')}
    AND ((isIPv4String(ip) AND NOT endsWith(ip, '.0'))
        OR (isIPv6String(ip) AND toIPv6OrZero(ip) != tupleElement(IPv6CIDRToRange(toIPv6OrZero(ip), 48), 1)))
