// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Governor} from "@openzeppelin/contracts/governance/Governor.sol";
import {GovernorCountingSimple} from "@openzeppelin/contracts/governance/extensions/GovernorCountingSimple.sol";
import {GovernorPreventLateQuorum} from "@openzeppelin/contracts/governance/extensions/GovernorPreventLateQuorum.sol";
import {GovernorProposalGuardian} from "@openzeppelin/contracts/governance/extensions/GovernorProposalGuardian.sol";
import {GovernorSettings} from "@openzeppelin/contracts/governance/extensions/GovernorSettings.sol";
import {GovernorTimelockControl} from "@openzeppelin/contracts/governance/extensions/GovernorTimelockControl.sol";
import {GovernorVotes} from "@openzeppelin/contracts/governance/extensions/GovernorVotes.sol";
import {GovernorVotesQuorumFraction} from "@openzeppelin/contracts/governance/extensions/GovernorVotesQuorumFraction.sol";
import {IVotes} from "@openzeppelin/contracts/governance/utils/IVotes.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {TimelockController} from "@openzeppelin/contracts/governance/TimelockController.sol";

/// A moot's votes: OpenZeppelin's Governor, with a quorum in parts of 10,000 rounded up. A proposal
/// succeeds with a quorum of yes and abstain, and more yes than the majority's share of yes and no. Whoever the charter names as
/// guardian may veto until the enactment.
contract MootGovernor is
    Governor,
    GovernorSettings,
    GovernorCountingSimple,
    GovernorVotesQuorumFraction,
    GovernorPreventLateQuorum,
    GovernorTimelockControl,
    GovernorProposalGuardian
{
    struct Rules {
        uint48 votingDelay;
        uint32 votingPeriod;
        uint48 lateExtension;
        uint256 quorumParts;
        uint256 majorityParts;
        address guardian;
    }

    /// A proposal needs more than so many parts of 10,000 of yes and no together.
    uint256 public immutable majorityParts;

    error MajorityOutOfBounds();

    constructor(IVotes members, TimelockController timelock, Rules memory rules)
        Governor("Folkmoot")
        GovernorSettings(rules.votingDelay, rules.votingPeriod, 1)
        GovernorVotes(members)
        GovernorVotesQuorumFraction(rules.quorumParts)
        GovernorPreventLateQuorum(rules.lateExtension)
        GovernorTimelockControl(timelock)
    {
        if (rules.majorityParts >= quorumDenominator()) revert MajorityOutOfBounds();
        majorityParts = rules.majorityParts;
        _setProposalGuardian(rules.guardian);
    }

    function quorumDenominator() public pure override returns (uint256) {
        return 10_000;
    }

    /// Of a proposal with this snapshot, by the parts that held then.
    function quorum(uint256 timepoint)
        public
        view
        override(Governor, GovernorVotesQuorumFraction)
        returns (uint256)
    {
        uint256 supply = token().getPastTotalSupply(timepoint);
        return Math.mulDiv(supply, quorumNumerator(timepoint), quorumDenominator(), Math.Rounding.Ceil);
    }

    function _voteSucceeded(uint256 proposalId)
        internal
        view
        override(Governor, GovernorCountingSimple)
        returns (bool)
    {
        (uint256 no, uint256 yes,) = proposalVotes(proposalId);
        return yes * quorumDenominator() > majorityParts * (yes + no);
    }

    // What Solidity wants to be told where two parents say something.

    function votingDelay() public view override(Governor, GovernorSettings) returns (uint256) {
        return super.votingDelay();
    }

    function votingPeriod() public view override(Governor, GovernorSettings) returns (uint256) {
        return super.votingPeriod();
    }

    function proposalThreshold() public view override(Governor, GovernorSettings) returns (uint256) {
        return super.proposalThreshold();
    }

    function proposalDeadline(uint256 proposalId)
        public
        view
        override(Governor, GovernorPreventLateQuorum)
        returns (uint256)
    {
        return super.proposalDeadline(proposalId);
    }

    function state(uint256 proposalId)
        public
        view
        override(Governor, GovernorTimelockControl)
        returns (ProposalState)
    {
        return super.state(proposalId);
    }

    function proposalNeedsQueuing(uint256 proposalId)
        public
        view
        override(Governor, GovernorTimelockControl)
        returns (bool)
    {
        return super.proposalNeedsQueuing(proposalId);
    }

    function _tallyUpdated(uint256 proposalId) internal override(Governor, GovernorPreventLateQuorum) {
        super._tallyUpdated(proposalId);
    }

    function _validateCancel(uint256 proposalId, address caller)
        internal
        view
        override(Governor, GovernorProposalGuardian)
        returns (bool)
    {
        // Without a guardian OpenZeppelin lets the author cancel at any time; here only before the vote opens.
        return (caller != address(0) && caller == proposalGuardian()) || Governor._validateCancel(proposalId, caller);
    }

    function _queueOperations(
        uint256 proposalId,
        address[] memory targets,
        uint256[] memory values,
        bytes[] memory calldatas,
        bytes32 descriptionHash
    ) internal override(Governor, GovernorTimelockControl) returns (uint48) {
        return super._queueOperations(proposalId, targets, values, calldatas, descriptionHash);
    }

    function _executeOperations(
        uint256 proposalId,
        address[] memory targets,
        uint256[] memory values,
        bytes[] memory calldatas,
        bytes32 descriptionHash
    ) internal override(Governor, GovernorTimelockControl) {
        super._executeOperations(proposalId, targets, values, calldatas, descriptionHash);
    }

    function _cancel(
        address[] memory targets,
        uint256[] memory values,
        bytes[] memory calldatas,
        bytes32 descriptionHash
    ) internal override(Governor, GovernorTimelockControl) returns (uint256) {
        return super._cancel(targets, values, calldatas, descriptionHash);
    }

    function _executor() internal view override(Governor, GovernorTimelockControl) returns (address) {
        return super._executor();
    }
}
