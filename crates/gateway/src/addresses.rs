//! Addresses that may be connected to: public ones, and those that the configuration names.

use std::{
    error::Error,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
    task::{Context, Poll},
    vec,
};

use futures_util::future::BoxFuture;
use hyper_util::client::legacy::connect::dns::Name;
use ipnet::IpNet;
use tower::Service;

/// The addresses at which clouds and clusters hand out the credentials of a machine or of a pod. No configuration opens
/// these.
const METADATA: [IpAddr; 13] = [
    // AWS, Azure, Google, DigitalOcean, Hetzner, OpenStack and others.
    v4(169, 254, 169, 254),
    // Containers of AWS ECS, pods of EKS.
    v4(169, 254, 170, 2),
    v4(169, 254, 170, 23),
    // Tencent, Scaleway.
    v4(169, 254, 0, 23),
    v4(169, 254, 42, 42),
    // Alibaba, Azure's wire server, Oracle.
    v4(100, 100, 100, 200),
    v4(168, 63, 129, 16),
    v4(192, 0, 0, 192),
    // AWS, EKS, Google, OpenStack and Scaleway by IPv6.
    v6([0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254]),
    v6([0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23]),
    v6([0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254]),
    v6([0xfe80, 0, 0, 0, 0, 0, 0xa9fe, 0xa9fe]),
    v6([0xfd00, 0x42, 0, 0, 0, 0, 0, 0x42]),
];

const fn v4(a: u8, b: u8, c: u8, d: u8) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(a, b, c, d))
}

const fn v6(parts: [u16; 8]) -> IpAddr {
    let [a, b, c, d, e, f, g, h] = parts;
    IpAddr::V6(Ipv6Addr::new(a, b, c, d, e, f, g, h))
}

/// Networks that may be reached although they are not public.
#[derive(Clone, Debug, Default)]
pub struct Networks(Vec<IpNet>);

/// An address that may not be connected to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AddressRefused {
    /// The address is not public, and no network of the configuration has it.
    #[error(
        "expected a public address for {host}, found {address}; add its network to the registry's `networks` if it is meant"
    )]
    NotPublic {
        /// The name that was looked up, or the address itself.
        host: String,
        /// The address that it resolves to, or the IPv4 address in it.
        address: IpAddr,
    },
    /// The address is one of a metadata service, of many hosts, or of none. No configuration opens it.
    #[error("expected an address of a server for {host}, found {address}, which is never connected to")]
    Never {
        /// The name that was looked up, or the address itself.
        host: String,
        /// The address that it resolves to, or the IPv4 address in it.
        address: IpAddr,
    },
}

impl Networks {
    /// These networks, besides all public addresses.
    pub fn new(networks: impl IntoIterator<Item = IpNet>) -> Self {
        Self(networks.into_iter().collect())
    }

    /// Returns `true` if `address` may be connected to. IPv6 forms of an IPv4 address count as that address.
    pub fn allow(&self, address: IpAddr) -> bool {
        self.check("", address).is_ok()
    }

    /// Checks as [`Networks::allow`] does, and names `host` in the error.
    ///
    /// # Errors
    /// When it may not.
    pub fn check(&self, host: &str, address: IpAddr) -> Result<(), AddressRefused> {
        let address = address.to_canonical();
        if is_never(address) {
            return Err(AddressRefused::Never { host: host.to_owned(), address });
        }
        // An IPv6 network that is open opens no way into IPv4.
        if let IpAddr::V6(address) = address {
            embedded(address).try_for_each(|address| self.check(host, IpAddr::V4(address)))?;
        }
        if self.0.iter().any(|network| network.contains(&address)) || is_public(address) {
            return Ok(());
        }
        Err(AddressRefused::NotPublic { host: host.to_owned(), address })
    }
}

/// Returns `true` for addresses that no configuration opens.
pub(crate) fn is_never(address: IpAddr) -> bool {
    METADATA.contains(&address) || address.is_unspecified() || address.is_multicast()
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => {
            let parts = address.segments();
            // Global unicast, without documentation, and without the ways into IPv4: Teredo and 6to4. NAT64 lies outside.
            (parts[0] & 0xe000) == 0x2000
                && !(parts[0] == 0x2001 && parts[1] < 0x0200)
                && !(parts[0] == 0x2001 && parts[1] == 0x0db8)
                && parts[0] != 0x2002
                && parts[0] != 0x3fff
        }
    }
}

/// Returns the IPv4 addresses that an IPv6 address may lead to by way of a translator or a tunnel.
fn embedded(address: Ipv6Addr) -> impl Iterator<Item = Ipv4Addr> {
    let [a, b, c, d, e, f, g, h] = address.segments();
    let v4 = |high: u16, low: u16| Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low));
    let last = v4(g, h);
    let found = match (a, b) {
        // NAT64: the well-known prefix, and the local one, of which networks choose the length (RFC 6052, 8215).
        (0x64, 0xff9b) if c == 0 => [Some(last), None],
        (0x64, 0xff9b) => [Some(last), Some(v4(d, e >> 8 | f << 8))],
        // 6to4, and Teredo, which hides the address by inverting it.
        (0x2002, _) => [Some(v4(b, c)), None],
        (0x2001, 0) => [Some(v4(c, d)), Some(v4(!g, !h))],
        // Compatible with IPv4, or translated (RFC 4291, 2765); `::` and `::1` are neither.
        (0, 0)
            if c == 0
                && d == 0
                && (e == 0 || e == 0xffff)
                && f == 0
                && (g, h) != (0, 0)
                && (g, h) != (0, 1) =>
        {
            [Some(last), None]
        }
        // ISATAP.
        _ if e & 0xfdff == 0 && f == 0x5efe => [Some(last), None],
        _ => [None, None],
    };
    found.into_iter().flatten()
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    !(address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_broadcast()
        || address.is_documentation()
        || a == 0
        || a >= 240
        || (a == 100 && (b & 0xc0) == 64)
        || (a == 192 && b == 0 && c == 0)
        || (a == 192 && b == 88 && c == 99)
        || (a == 198 && (b & 0xfe) == 18))
}

/// Looks names up and gives only the addresses that may be connected to, so that what was checked is what is used.
#[derive(Clone, Debug)]
pub(crate) struct Resolver(pub(crate) Arc<Networks>);

impl Service<Name> for Resolver {
    type Response = vec::IntoIter<SocketAddr>;
    type Error = Box<dyn Error + Send + Sync>;
    type Future = BoxFuture<'static, Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let networks = Arc::clone(&self.0);
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let mut allowed = Vec::new();
            let mut refused = None;
            for address in found {
                match networks.check(name.as_str(), address.ip()) {
                    Ok(()) => allowed.push(address),
                    Err(error) => refused = refused.or(Some(error)),
                }
            }
            match refused.filter(|_| allowed.is_empty()) {
                Some(error) => Err(error.into()),
                None => Ok(allowed.into_iter()),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Networks;

    #[test]
    fn only_public_addresses_are_open_from_the_start() {
        let networks = Networks::default();
        for (address, expected) in [
            ("1.1.1.1", true),
            ("2606:4700:4700::1111", true),
            ("127.0.0.1", false),
            ("10.1.2.3", false),
            ("172.16.0.1", false),
            ("192.168.1.1", false),
            ("169.254.1.1", false),
            ("169.254.169.254", false),
            ("100.64.0.1", false),
            ("0.0.0.0", false),
            ("0.1.2.3", false),
            ("192.0.2.1", false),
            ("198.18.0.1", false),
            ("224.0.0.1", false),
            ("255.255.255.255", false),
            ("::", false),
            ("::1", false),
            ("fe80::1", false),
            ("fd12::1", false),
            ("fd00:ec2::254", false),
            ("ff02::1", false),
            ("::ffff:127.0.0.1", false),
            ("::ffff:1.1.1.1", true),
            ("::127.0.0.1", false),
            ("64:ff9b::7f00:1", false),
            ("2002:7f00:1::", false),
            ("2001::1", false),
            ("2001:db8::1", false),
        ] {
            assert_eq!(networks.allow(address.parse().unwrap()), expected, "{address}");
        }
    }

    #[test]
    fn configured_networks_are_open_but_never_the_metadata_services() {
        let networks =
            Networks::new(["169.254.0.0/16", "10.0.0.0/8", "::/0"].map(|net| net.parse().unwrap()));
        for (address, expected) in [
            ("10.1.2.3", true),
            ("::ffff:10.1.2.3", true),
            ("169.254.1.1", true),
            ("169.254.169.254", false),
            ("::ffff:169.254.169.254", false),
            ("192.168.0.1", false),
            ("fd00:ec2::254", false),
            ("fd00:ec2::23", false),
            ("fd20:ce::254", false),
            ("fe80::a9fe:a9fe", false),
            ("169.254.170.2", false),
            ("169.254.170.23", false),
            ("fe80::1", true),
            ("::1", true),
            ("64:ff9b::a9fe:a9fe", false),
            ("64:ff9b::a01:203", true),
            ("64:ff9b::7f00:1", false),
            ("64:ff9b:1::a9fe:a9fe", false),
            ("64:ff9b::101:101", true),
            ("2002:a9fe:a9fe::1", false),
            ("2001:0:101:101::5601:5601", false),
            ("::a9fe:a9fe", false),
            ("::ffff:0:a9fe:a9fe", false),
            ("fe80::5efe:a9fe:a9fe", false),
        ] {
            assert_eq!(networks.allow(address.parse().unwrap()), expected, "{address}");
        }
    }
}
