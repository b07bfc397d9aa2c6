import { BacktestView } from "../backtest/view";
import { laboratory } from "../lab";

export default laboratory("backtest", BacktestView);
