-- Question: none: it leaves the /24 of IPv4 and the /48 of IPv6 of addresses from before a time.
-- Grain: rows of events, of every site: it is housekeeping.
-- Parameters: those of full_addresses.sql
ALTER TABLE events UPDATE
    ip = if(isIPv4String(ip), replaceRegexpOne(ip, '[0-9]+$', '0'),
        toString(tupleElement(IPv6CIDRToRange(toIPv6OrZero(ip), 48), 1)))
WHERE time < {before:DateTime64(3, 'UTC')}
    AND ((isIPv4String(ip) AND NOT endsWith(ip, '.0'))
        OR (isIPv6String(ip) AND toIPv6OrZero(ip) != tupleElement(IPv6CIDRToRange(toIPv6OrZero(ip), 48), 1)))
